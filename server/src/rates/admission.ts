import type { Place, Standing } from './tally.ts'

/** How the limits of a call stand: the tighter one where key and account have one. */
export interface Standings {
  readonly requests: Standing | undefined
  readonly tokens: Standing | undefined
}

/** A call's place under its limits. */
export interface Admission {
  standings(): Standings
  /** Says what the call really used, in the place of what was expected of it. Counts once. */
  used(tokens: number): void
  /** Counts tokens besides: of a call that goes on after its first ones were said. */
  usedMore(tokens: number): void
  /** The call has ended, however it did. What was expected is given back unless `used` was called. Counts once. */
  leave(): void
}

const NOTHING_LIMITED: Standings = { requests: undefined, tokens: undefined }

/** A place that may still be lost, because other nodes were earlier. */
export interface Claim extends Admission {
  /** As if the call had never come. */
  takeBack(): void
}

/** Of a call that nothing limits: all of them are this one. */
export const UNLIMITED: Admission = {
  standings: () => NOTHING_LIMITED,
  used: () => {},
  usedMore: () => {},
  leave: () => {},
}

interface AdmissionParts {
  readonly now: () => number
  readonly standings: () => Standings
}

/** Holds what a call took of its key's and its account's tallies. */
export function createAdmission(
  places: readonly Place[],
  { now, standings }: AdmissionParts,
): Claim {
  let isCorrected = false
  let hasLeft = false
  function used(tokens: number): void {
    if (isCorrected) return
    isCorrected = true
    const at = now()
    for (const place of places) {
      if (place.tokens !== undefined) place.tally.correct(place.tokens, tokens, at)
    }
  }
  function usedMore(tokens: number): void {
    const at = now()
    for (const { tally, tokens: place } of places) {
      if (place !== undefined) tally.correct({ taken: 0, time: at }, tokens, at)
    }
  }
  function leave(): void {
    if (hasLeft) return
    hasLeft = true
    used(0)
    for (const { tally } of places) tally.end()
  }
  return {
    standings,
    used,
    usedMore,
    leave,
    takeBack() {
      const at = now()
      for (const { tally, requested } of places) {
        if (requested !== undefined) tally.takeBack(requested, at)
      }
      leave()
    },
  }
}
