import { isSamePlace } from '../base-url.ts'
import type { Channel } from '../channel.ts'
import type { BreakerParts, OpenReason } from './breaker.ts'
import { type BreakerChange, ChannelHealth, type ChannelStanding } from './channel-health.ts'

/** How every channel is doing, as this node sees it: in memory, by the channel's id. */
export interface Health {
  /** Monotonic milliseconds, read once by whoever asks several things. */
  readonly clock: { readonly now: number }
  of(channel: Channel): ChannelHealth
  standing(channel: Channel): ChannelStanding
  /**
   * Hears of every change to a channel; `undefined`: it is gone. Other keys or another address begin anew, and so does
   * a channel that was disabled until now; whatever else changes, what is known of it stays.
   */
  follow(id: number, channel: Channel | undefined): void
  /** Somebody knows that it works. */
  reset(id: number): void
  /** How often breakers opened since the start, by reason. */
  readonly openings: ReadonlyMap<OpenReason, number>
}

export interface HealthParts extends BreakerParts {
  /** A breaker opened or closed. */
  readonly told: (channel: Channel, change: BreakerChange) => void
  readonly clock: { readonly now: number }
}

/** Begins with nothing known: every channel may be tried. */
export function createHealth(parts: HealthParts): Health {
  const { clock } = parts
  const channels = new Map<number, Channel>()
  const healths = new Map<number, ChannelHealth>()
  const openings = new Map<OpenReason, number>()
  const begin = (channel: Channel) =>
    new ChannelHealth({
      ...parts,
      keys: channel.authorization.length,
      told(change) {
        const reason = change.opened?.reason
        if (reason !== undefined) openings.set(reason, (openings.get(reason) ?? 0) + 1)
        // By the name that it has now.
        parts.told(channels.get(channel.id) ?? channel, change)
      },
    })
  // A call may still be on its way to a channel that is gone by now: nobody reads what it finds out.
  const of = (channel: Channel) => healths.get(channel.id) ?? begin(channel)
  return {
    clock,
    of,
    standing: (channel) => of(channel).standing(clock.now),
    follow(id, channel) {
      const before = channels.get(id)
      channels.delete(id)
      if (channel === undefined) return void healths.delete(id)
      channels.set(id, channel)
      const isSame = before !== undefined && isSameWay(before, channel)
      if (!isSame || (channel.enabled && !before.enabled)) healths.get(id)?.reset()
      if (!isSame) healths.set(id, begin(channel))
    },
    reset: (id) => healths.get(id)?.reset(),
    openings,
  }
}

const isSameWay = (a: Channel, b: Channel): boolean =>
  isSamePlace(a.baseUrl, b.baseUrl) &&
  a.authorization.length === b.authorization.length &&
  a.authorization.every((key, at) => key === b.authorization[at])
