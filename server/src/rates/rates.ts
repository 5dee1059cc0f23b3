import type { Entity } from '../ledger/entity.ts'
import { type Admission, type Claim, createAdmission, type Standings } from './admission.ts'
import type { Limited } from './limits.ts'
import { createRateNews, type RateNews } from './news.ts'
import { WINDOW_MS } from './sliding-window.ts'
import { type Denial, type Standing, standingOf, Tally } from './tally.ts'

export type Judged = Admission | Denial

/** Counts requests, tokens and running calls of keys and accounts that have limits. */
export interface Rates {
  /**
   * Takes a place under all limits, or under none of them and says why. With other nodes at the same database it may
   * have to hear of them first: see SharedRates.
   */
  admit(limits: readonly Limited[], tokens: number): Judged | Promise<Judged>
  /** What `admit` would say; takes nothing. */
  judge(limits: readonly Limited[], tokens: number): Denial | undefined
  standings(limits: readonly Limited[]): Standings
}

/** The counts of one process, by what it knows. Nothing waits, so nobody comes between a check and its taking. */
export interface Counts extends Rates {
  admit(limits: readonly Limited[], tokens: number): Claim | Denial
  /** Whether the call is within what may be admitted before other nodes hear of it. */
  mayGoUntold(limits: readonly Limited[], tokens: number): boolean
  /** Whether more was admitted than may be, because others did so at the same time. */
  isOver(limits: readonly Limited[]): boolean
  readonly news: RateNews
  /** Keys and accounts of which something is remembered. */
  readonly size: number
  /** Forgets who has been idle for a minute: no more is remembered than two minutes of calls left behind. */
  sweep(): void
}

export interface RatesParts {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** Whether there are others, who are told. */
  readonly isShared?: boolean
}

export function createRates({ now, isShared = false }: RatesParts): Counts {
  const tallies = new Map<Entity, Tally>()
  const changed = isShared ? new Set<Tally>() : undefined
  const sweep = createSweep(tallies, changed, now)

  function tallyOf(entity: Entity): Tally {
    const known = tallies.get(entity)
    if (known !== undefined) return known
    const tally = new Tally(entity, changed)
    tallies.set(entity, tally)
    return tally
  }

  function judge(limits: readonly Limited[], tokens: number, at: number): Denial | undefined {
    let longest: Denial | undefined
    for (const limited of limits) {
      const tally = tallies.get(limited.entity)
      if (tally !== undefined) longest = tally.denial(limited, { tokens, at }, longest)
    }
    return longest
  }

  const standings = (limits: readonly Limited[]) => standingsOf(limits, tallies, now())

  return {
    admit(limits, tokens) {
      const at = now()
      sweep()
      const denial = judge(limits, tokens, at)
      if (denial !== undefined) return denial
      const places = limits.map((one) => tallyOf(one.entity).take(one, { tokens, at }))
      return createAdmission(places, { now, standings: () => standings(limits) })
    },
    judge: (limits, tokens) => judge(limits, tokens, now()),
    standings,
    mayGoUntold: (limits, tokens) =>
      limits.every((one) => tallies.get(one.entity)?.mayGoUntold(one, tokens) ?? true),
    isOver(limits) {
      const at = now()
      return limits.some((one) => tallies.get(one.entity)?.isOver(one, at) ?? false)
    },
    news: createRateNews({ tallies, changed: changed ?? new Set(), tallyOf, now }),
    sweep,
    get size() {
      return tallies.size
    },
  }
}

function createSweep(
  tallies: Map<Entity, Tally>,
  changed: ReadonlySet<Tally> | undefined,
  now: () => number,
) {
  let swept = now()
  return () => {
    const at = now()
    if (at - swept < WINDOW_MS) return
    swept = at
    for (const [entity, tally] of tallies) {
      // What others were not told yet must not be lost: they would count an ended call for ever.
      if (tally.isIdle(at) && changed?.has(tally) !== true) tallies.delete(entity)
    }
  }
}

function standingsOf(
  limits: readonly Limited[],
  tallies: ReadonlyMap<Entity, Tally>,
  at: number,
): Standings {
  let requests: Standing | undefined
  let tokens: Standing | undefined
  for (const { entity, rpm, tpm } of limits) {
    const tally = tallies.get(entity)
    if (rpm !== undefined) requests = tighter(requests, standingOf(rpm, tally?.requests, at))
    if (tpm !== undefined) tokens = tighter(tokens, standingOf(tpm, tally?.tokens, at))
  }
  return { requests, tokens }
}

const tighter = (one: Standing | undefined, other: Standing): Standing =>
  one !== undefined && one.left <= other.left ? one : other
