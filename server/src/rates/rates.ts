import type { Entity } from '../ledger/entity.ts'
import { type Admission, createAdmission, type Standings } from './admission.ts'
import type { Limited } from './limits.ts'
import { WINDOW_MS } from './sliding-window.ts'
import { type Denial, SLICE_MS, type Standing, standingOf, Tally } from './tally.ts'

/** What was admitted under the limits of one key or account. `tokens` is negative where more was given back. */
export interface Admitted {
  readonly entity: Entity
  readonly requests: number
  readonly tokens: number
}

/** Counts requests, tokens and running calls of keys and accounts that have limits. */
export interface Rates {
  /** Takes a place under all limits, or under none of them and says why. */
  admit(limits: readonly Limited[], tokens: number): Admission | Denial
  /** What `admit` would say; takes nothing. */
  judge(limits: readonly Limited[], tokens: number): Denial | undefined
  standings(limits: readonly Limited[]): Standings
  /** What was admitted here since this was asked last: for telling other nodes. */
  takeAdmitted(): readonly Admitted[]
  /** Counts what other nodes admitted. How many calls are running there is not known here. */
  addAdmitted(elsewhere: readonly Admitted[]): void
  /** Keys and accounts of which something is remembered. */
  readonly size: number
}

/** `now`: milliseconds of a clock that never goes back. Nothing waits, so nobody comes between a check and its taking. */
export function createRates({ now }: { readonly now: () => number }): Rates {
  const tallies = new Map<Entity, Tally>()
  let swept = now()

  function tallyOf(entity: Entity): Tally {
    const known = tallies.get(entity)
    if (known !== undefined) return known
    const tally = new Tally()
    tallies.set(entity, tally)
    return tally
  }

  /** Forgets who has been idle for a minute: no more is remembered than two minutes of calls left behind. */
  function sweep(at: number): void {
    if (at - swept < WINDOW_MS) return
    swept = at
    for (const [entity, tally] of tallies) if (tally.isIdle(at)) tallies.delete(entity)
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
      sweep(at)
      const denial = judge(limits, tokens, at)
      if (denial !== undefined) return denial
      const places = limits.map((one) => tallyOf(one.entity).take(one, { tokens, at }))
      return createAdmission(places, { now, standings: () => standings(limits) })
    },
    judge: (limits, tokens) => judge(limits, tokens, now()),
    standings,
    takeAdmitted: () => freshOf(tallies),
    addAdmitted(elsewhere) {
      const at = now()
      sweep(at)
      for (const one of elsewhere) addTo(tallyOf(one.entity), one, at)
    },
    get size() {
      return tallies.size
    },
  }
}

function freshOf(tallies: ReadonlyMap<Entity, Tally>): readonly Admitted[] {
  const admitted: Admitted[] = []
  for (const [entity, tally] of tallies) {
    const { requests, tokens } = tally.fresh
    if (requests === 0 && tokens === 0) continue
    admitted.push({ entity, requests, tokens })
    tally.fresh = { requests: 0, tokens: 0 }
  }
  return admitted
}

function addTo(tally: Tally, { requests, tokens }: Admitted, at: number): void {
  if (requests > 0) tally.requests.add(at, requests, SLICE_MS)
  if (tokens > 0) tally.tokens.add(at, tokens, SLICE_MS)
  else if (tokens < 0) tally.tokens.giveBack(at, Number.POSITIVE_INFINITY, -tokens)
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
