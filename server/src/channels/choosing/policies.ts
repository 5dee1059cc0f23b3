import type { Channel } from '../channel.ts'
import type { Health } from '../health/health.ts'

/** What a policy may ask besides the channels. */
export interface Circumstances {
  readonly health: Pick<Health, 'of' | 'clock'>
  /** 0 <= x < 1. */
  readonly random: () => number
}

/** Picks one of channels of equal priority that may be tried now; at least one, of positive weights or of none. */
export type Policy = (available: readonly Channel[], now: Circumstances) => Channel

export const POLICY_NAMES = ['weighted', 'least_busy', 'cheapest'] as const
export type PolicyName = (typeof POLICY_NAMES)[number]

export const policies: Readonly<Record<PolicyName, Policy>> = {
  weighted,
  least_busy: leastBusy,
  cheapest,
}

/** By chance, as often as their weights say. */
function weighted(available: readonly Channel[], { random }: Circumstances): Channel {
  let sum = 0
  for (const { weight } of available) sum += weight
  if (sum === 0) return available[Math.floor(random() * available.length)] as Channel
  let left = random() * sum
  for (const channel of available) {
    left -= channel.weight
    if (left < 0) return channel
  }
  // What rounding leaves over.
  return available[available.length - 1] as Channel
}

/** The less busy of two that chance names: nearly as even as the least busy of all, and nodes do not all pick one. */
function leastBusy(available: readonly Channel[], now: Circumstances): Channel {
  const one = weighted(available, now)
  if (available.length === 1) return one
  const others = available.filter((channel) => channel !== one)
  const other = weighted(others, now)
  return isBusier(one, other, now.health) ? other : one
}

/** By how long a call would take, were the running ones to wait for each other; by these alone while nothing else is known. */
function isBusier(one: Channel, other: Channel, { of, clock }: Circumstances['health']): boolean {
  const [a, b] = [of(one), of(other)]
  const [aMs, bMs] = [a.latencyMs(clock.now), b.latencyMs(clock.now)]
  if (aMs === 0 || bMs === 0) return a.inFlight > b.inFlight
  return (a.inFlight + 1) * aMs > (b.inFlight + 1) * bMs
}

/** Those that cost the operator least before the others. */
function cheapest(available: readonly Channel[], now: Circumstances): Channel {
  let least = Number.POSITIVE_INFINITY
  for (const channel of available) least = Math.min(least, costOf(channel))
  return weighted(
    available.filter((channel) => costOf(channel) === least),
    now,
  )
}

const costOf = ({ free, costRatio }: Channel): number => (free ? 0 : costRatio)
