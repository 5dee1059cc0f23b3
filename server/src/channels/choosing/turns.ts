import type { Channel } from '../channel.ts'
import { type Circumstances, type PolicyName, policies } from './policies.ts'
import { meetingPlace } from './rendezvous.ts'

/** How the channels of one call are chosen. */
export interface Choice {
  readonly policy: PolicyName
  /** 32 bits: calls with the same ones go to the same channel while it is up. `undefined`: the policy decides alone. */
  readonly stickyKey: number | undefined
}

/**
 * Whose turn it is to serve a call: first the channels of the highest priority, one after the other, then the next
 * lower ones. Channels that are down are left out, none comes twice, and of equal ones those of weight 0 come last. The next one is
 * chosen when it is asked for: most calls need no second.
 */
export class Turns {
  readonly #channels: readonly Channel[]
  readonly #choice: Choice
  readonly #circumstances: Circumstances
  #from = 0
  #taken: Channel | undefined
  #takenBefore: Set<Channel> | undefined

  /** `channels`: higher priority first. */
  constructor(channels: readonly Channel[], choice: Choice, circumstances: Circumstances) {
    this.#channels = channels
    this.#choice = choice
    this.#circumstances = circumstances
  }

  /** `undefined`: nobody is left who could be tried now. */
  next(): Channel | undefined {
    while (this.#from < this.#channels.length) {
      const to = this.#endOfEquals()
      const chosen = this.#chosenUntil(to)
      if (chosen !== undefined) return this.#take(chosen)
      this.#from = to
    }
    return undefined
  }

  #take(channel: Channel): Channel {
    if (this.#taken !== undefined) {
      this.#takenBefore ??= new Set()
      this.#takenBefore.add(this.#taken)
    }
    this.#taken = channel
    return channel
  }

  #endOfEquals(): number {
    const channels = this.#channels
    const { priority } = channels[this.#from] as Channel
    let to = this.#from + 1
    while (to < channels.length && channels[to]?.priority === priority) to++
    return to
  }

  #mayTake(channel: Channel, now: number): boolean {
    if (channel === this.#taken || this.#takenBefore?.has(channel)) return false
    return this.#circumstances.health.of(channel).mayTry(now)
  }

  #chosenUntil(to: number): Channel | undefined {
    const { now } = this.#circumstances.health.clock
    // Nearly every call has one channel of its priority: it needs no list.
    if (to - this.#from === 1) {
      const only = this.#channels[this.#from] as Channel
      return this.#mayTake(only, now) ? only : undefined
    }
    const available: Channel[] = []
    let spare: Channel[] | undefined
    for (let at = this.#from; at < to; at++) {
      const channel = this.#channels[at] as Channel
      if (!this.#mayTake(channel, now)) continue
      if (channel.weight > 0) available.push(channel)
      else if (spare === undefined) spare = [channel]
      else spare.push(channel)
    }
    if (available.length > 0) return this.#choose(available)
    return spare === undefined ? undefined : this.#choose(spare)
  }

  #choose(available: readonly Channel[]): Channel {
    if (available.length === 1) return available[0] as Channel
    const { policy, stickyKey } = this.#choice
    if (stickyKey !== undefined) return meetingPlace(available, stickyKey)
    return policies[policy](available, this.#circumstances)
  }
}

/** The earliest time at which one of them may be tried; now or later. */
export function triableAt(channels: readonly Channel[], health: Circumstances['health']): number {
  const { now } = health.clock
  let earliest = Number.POSITIVE_INFINITY
  for (const channel of channels) earliest = Math.min(earliest, health.of(channel).triableAt(now))
  return earliest
}
