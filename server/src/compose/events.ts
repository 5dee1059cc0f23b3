import { Agent } from 'undici'
import { createUpstreamConnector } from '../channels/address-rules.ts'
import type { Channel } from '../channels/channel.ts'
import type { BreakerChange } from '../channels/health/channel-health.ts'
import { programName, programVersion } from '../cli/program.ts'
import type { Outside } from '../compose.ts'
import type { Config } from '../config.ts'
import { lookAtAccounts, lookAtKeys } from '../events/balance-looks.ts'
import { lookAtBudgets } from '../events/budget-looks.ts'
import { createDeliveries } from '../events/deliver.ts'
import { createEvents, type Events } from '../events/events.ts'
import { followExpiry } from '../events/expiring.ts'
import { followBooks } from '../events/follow.ts'
import { rearm } from '../events/rearm.ts'
import { createEventRetention } from '../events/retention.ts'
import { createSend, type Send } from '../events/send.ts'
import type { Vault } from '../keys/vault.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'

interface EventRooms {
  readonly config: Config
  readonly outside: Outside
  readonly store: Store
  readonly vault: Vault
  readonly settings: Settings
}

/** Events, from what the books say to the webhooks. Their connections are their own: a receiver takes none from calls. */
export async function startEvents(
  { config, outside, store, vault, settings }: EventRooms,
  opened: AsyncDisposableStack,
): Promise<{ readonly events: Events; readonly send: Send }> {
  const { now, random, log } = outside
  const dispatcher = new Agent({ connect: createUpstreamConnector(config.privateUpstreams) })
  opened.defer(() => dispatcher.destroy())
  const send = createSend({ dispatcher, now, version: programVersion() })
  const deliveries = createDeliveries({ ...{ store, vault, send, now, log }, chance: Math.random })
  opened.defer(() => deliveries.close())
  const events = createEvents({ store, now, random, log })
  events.onTold(deliveries.wake)
  opened.defer(() => events.flush())

  const failed = (error: unknown) =>
    log.warn({ reason: String(error) }, 'events were not looked for; the next round tries again')
  const look = { store, events, settings, now }
  const rounds = [
    await followBooks({
      store,
      failed,
      looks: [rearm(look), lookAtKeys(look), lookAtAccounts(look), lookAtBudgets(look)],
    }),
    followExpiry({ ...look, failed }),
    createEventRetention({ store, settings, now, failed }),
  ]
  for (const one of rounds) opened.defer(() => one.close())
  return { events, send }
}

/** A breaker opened or closed, at this node. */
export function tellBreaker(events: Events, channel: Channel, change: BreakerChange): void {
  const { keyAt, opened } = change
  const where = {
    ...{ channel_id: channel.id, channel_name: channel.name },
    ...(keyAt === undefined ? {} : { key: keyAt + 1 }),
    node: programName(),
  }
  if (opened === undefined) events.emit('channel.closed', where)
  else {
    const { reason, forMs } = opened
    events.emit('channel.opened', { ...where, reason, seconds: Math.ceil(forMs / 1000) })
  }
}
