import type { Random } from './random.ts'

/** What goes wrong in one seed's world, and how often. Most worlds have a few kinds of trouble, not all of them. */
export interface Profile {
  readonly nodes: number
  readonly accounts: number
  /** How long there is trouble: half of the worlds are short, of which many more are seen. */
  readonly troubleMs: number
  /** Between two calls of a node, on average. */
  readonly betweenCallsMs: number
  readonly mostUnits: number
  /** So many times that have keys, accounts and budgets: enough for all that ask at once, or not. */
  readonly riches: number
  /** Chances for each message. */
  readonly requestLost: number
  readonly answerLost: number
  readonly twice: number
  readonly veryLate: number
  readonly slow: number
  readonly breaks: number
  readonly refused: number
  /** Chance for each settlement. */
  readonly poison: number
  /** Weights of what happens to nodes and the database every now and then. */
  readonly troubles: readonly Trouble[]
  readonly betweenTroublesMs: number
}

export const TROUBLES = [
  'pause',
  'sleep',
  'step the wall clock',
  'stop the monotonic clock',
  'partition',
  'lose answers',
  'restart the database',
  'fail over',
  'crash',
  'close',
  'management',
  'change budgets',
] as const
/** The last one, only where nothing stops the other clock. */
export type Trouble = (typeof TROUBLES)[number] | 'set back while cut off'

/** What happens every day. */
const BY_PEOPLE = new Set<Trouble>(['management', 'change budgets'])

/** A world in which nothing goes wrong by itself. */
export const QUIET: Profile = {
  ...{ nodes: 0, accounts: 0, troubleMs: 0, betweenCallsMs: 0, mostUnits: 0, riches: 1 },
  ...{ requestLost: 0, answerLost: 0, twice: 0, veryLate: 0, slow: 0, breaks: 0, refused: 0 },
  ...{ poison: 0, troubles: [], betweenTroublesMs: 0 },
}

/**
 * 'mixed': any kinds of trouble. 'failovers': one after the other, each of which loses commits, also those that the last
 * one brought about, while old messages are still under way. 'standstills': busy nodes are out of reach for longer than they
 * may reserve, and one of their clocks does not show it.
 */
export const MODES = ['mixed', 'failovers', 'standstills'] as const
export type Mode = (typeof MODES)[number]

export function chooseProfile(random: Random, mode: Mode = 'mixed'): Profile {
  const profile = chooseMixed(random)
  if (mode === 'mixed') return profile
  if (mode === 'standstills') return standingStill(random, profile)
  const others = profile.troubles.filter((trouble) => trouble !== 'fail over')
  return {
    ...profile,
    twice: 0.05 + random.next() * 0.25,
    veryLate: random.next() * 0.1,
    troubles: ['fail over', 'fail over', 'fail over', ...others.slice(0, 3)],
    betweenTroublesMs: random.pick([400, 800, 1_600]),
  }
}

/** Never both clocks of a node are wrong at once: nothing could tell it then. */
function standingStill(random: Random, profile: Profile): Profile {
  const troubles: readonly Trouble[] = random.chance(0.5)
    ? ['sleep', 'sleep', 'sleep', 'stop the monotonic clock']
    : ['set back while cut off', 'set back while cut off', 'pause', 'step the wall clock']
  return {
    ...profile,
    ...{ nodes: 4, accounts: 1, troubleMs: 60_000, betweenCallsMs: 80, mostUnits: 2_000 },
    ...{ troubles, betweenTroublesMs: 2_500, slow: 0.2, veryLate: 0.05, twice: 0.1 },
  }
}

function chooseMixed(random: Random): Profile {
  // Where no message goes astray there are more duties.
  const isWellWired = random.chance(0.25)
  const maybe = (share: number, most: number): number =>
    !isWellWired && random.chance(share) ? random.next() * most : 0
  const troubles = TROUBLES.filter((trouble) => random.chance(BY_PEOPLE.has(trouble) ? 0.7 : 0.35))
  return {
    nodes: random.whole(2, 4),
    accounts: random.whole(1, 2),
    troubleMs: random.chance(0.5) ? random.whole(3_000, 8_000) : random.whole(8_000, 30_000),
    betweenCallsMs: random.pick([80, 300, 1_000]),
    mostUnits: random.pick([60, 300, 2_000]),
    riches: random.pick([1, 1, 1, 8]),
    requestLost: maybe(0.4, 0.08),
    answerLost: maybe(0.4, 0.08),
    twice: maybe(0.35, 0.2),
    veryLate: maybe(0.35, 0.08),
    slow: maybe(0.4, 0.1),
    breaks: maybe(0.3, 0.05),
    refused: maybe(0.4, 0.1),
    poison: maybe(0.3, 0.15),
    troubles,
    betweenTroublesMs: random.pick([800, 3_000, 8_000]),
  }
}
