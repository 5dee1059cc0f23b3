import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { asking, type GatewayCalls, readWhole } from './calls.ts'
import { brokenOf, type ClientPlan } from './keep-calling.ts'
import type { Expected } from './reconcile.ts'
import { answers, streams } from './upstream-scripts.ts'

/** 1 unit an input token, 4 an output token. */
const USAGE = { prompt: 10, completion: 10 }
const COST = 50
const RICH = 100_000_000

export const EXHAUSTED = 'poor 403 quota_exhausted'
/** What may be heard before gateways that die and come back: the rich key always finds units. */
const MAY_HEAR: ReadonlySet<string> = new Set([
  ...['rich', 'poor'].flatMap((payer) => [`${payer} 200`, ...brokenOf(payer)]),
  ...[EXHAUSTED, 'poor 429 quota_reserved'],
])

/** Of what clients heard, that for which there is no reason. */
export const unreasonable = (
  said: Readonly<Record<string, number>>,
  more: readonly string[] = [],
): readonly string[] =>
  Object.keys(said).filter((heard) => !MAY_HEAR.has(heard) && !more.includes(heard))

export interface Clients {
  readonly clients: number
  /** For how many calls the poor key has units. */
  readonly poorCalls: number
}

/** Two keys that one account pays for, one of which runs out; clients of both, plain answers and streams, at each gateway. */
export async function openRichAndPoor(
  gateways: readonly [GatewayCalls, ...GatewayCalls[]],
  { clients, poorCalls }: Clients,
): Promise<{ plans: readonly ClientPlan[]; expected: Expected }> {
  const [{ offer, manage, createKey }] = gateways
  await offer('plain', answers({ usage: USAGE, afterMs: 50 }))
  await offer('streamed', streams({ usage: USAGE, events: 4, gapMs: 25 }))
  const { id } = await manage('GET', '/api/user/self')
  await manage('PUT', `/api/user/${id}`, { quota: RICH, unlimited_quota: false })
  const given = { rich: RICH, poor: poorCalls * COST }
  const keys = {
    rich: await createKey({ remain_quota: given.rich }),
    poor: await createKey({ remain_quota: given.poor }),
  }
  const plans = Array.from({ length: clients }, (_, n): ClientPlan => {
    const stream = n % 2 === 0
    // A third of all, at each of up to three gateways.
    const payer = Math.floor(n / 3) % 3 === 0 ? 'poor' : 'rich'
    const { open } = gateways[n % gateways.length] ?? gateways[0]
    const asked = asking(stream ? 'streamed' : 'plain', { max_tokens: 20, stream })
    return { payer, stream, send: () => open(asked, keys[payer].key).then(readWhole) }
  })
  const payers = {
    rich: { entity: keyEntity(keys.rich.id), given: given.rich },
    poor: { entity: keyEntity(keys.poor.id), given: given.poor },
  }
  const account = { entity: accountEntity(id), given: RICH }
  return { plans, expected: { payers, account, cost: COST } }
}
