import type { Limited } from './limits.ts'
import { SlidingWindow } from './sliding-window.ts'

/** Up to this many requests a minute each has an entry of its own, 16 bytes; above it they share those of slices. */
const EXACT_UP_TO = 1_000
/** Then, and for tokens, the window may remember by so much too long: limits are kept, 0.1 % too strictly. */
export const SLICE_MS = 60
/** A call that ends makes room; nobody knows when. */
const SOON_MS = 1_000

/** Which limit says no, and to whom. */
export interface Denial {
  readonly limited: Limited
  readonly of: 'requests' | 'tokens' | 'calls'
  readonly most: number
  readonly left: number
  /** Milliseconds until the same call passes, if none comes before it; with `calls` a guess. */
  readonly waitMs: number
}

/** How a limit stands. */
export interface Standing {
  readonly most: number
  readonly left: number
  /** Until nothing is counted any more. */
  readonly resetMs: number
}

/** What one call took. */
export interface Place {
  readonly tally: Tally
  /** Expected tokens, and the time they are remembered under; undefined where tokens are not limited. */
  readonly tokens: { readonly taken: number; readonly time: number } | undefined
}

interface Taking {
  readonly tokens: number
  readonly at: number
}

/** What is counted for one key or account. */
export class Tally {
  readonly requests = new SlidingWindow()
  readonly tokens = new SlidingWindow()
  running = 0
  /** What came since it was last told to other nodes. */
  fresh = { requests: 0, tokens: 0 }

  /** The denial that lasts longest, and longer than this one. */
  denial(limited: Limited, { tokens, at }: Taking, known: Denial | undefined): Denial | undefined {
    const { rpm, tpm, concurrent } = limited
    let longest = known
    const deny = (of: Denial['of'], most: number, waitMs: number) => {
      if (waitMs <= (longest?.waitMs ?? 0)) return
      const left = of === 'calls' ? 0 : leftOf(most, this[of], at)
      longest = { limited, of, most, left, waitMs }
    }
    if (rpm !== undefined) deny('requests', rpm, this.requests.waitFor(at, 1, rpm))
    if (tpm !== undefined) deny('tokens', tpm, this.tokens.waitFor(at, within(tokens, tpm), tpm))
    if (concurrent !== undefined && this.running >= concurrent) deny('calls', concurrent, SOON_MS)
    return longest
  }

  take({ rpm, tpm }: Limited, { tokens, at }: Taking): Place {
    this.running += 1
    if (rpm !== undefined) {
      this.requests.add(at, 1, rpm <= EXACT_UP_TO ? 0 : SLICE_MS)
      this.fresh.requests += 1
    }
    if (tpm === undefined) return { tally: this, tokens: undefined }
    const taken = within(tokens, tpm)
    this.fresh.tokens += taken
    return { tally: this, tokens: { taken, time: this.tokens.add(at, taken, SLICE_MS) } }
  }

  /** Sets what a call used in the place of what was expected of it. */
  correct({ taken, time }: NonNullable<Place['tokens']>, used: number, at: number): void {
    const more = used - taken
    this.fresh.tokens += more
    // What went beyond the expectation came just now; what was not needed was never there.
    if (more > 0) this.tokens.add(at, more, SLICE_MS)
    else if (more < 0) this.tokens.giveBack(at, time, -more)
  }

  isIdle(at: number): boolean {
    return this.running === 0 && this.requests.emptyIn(at) === 0 && this.tokens.emptyIn(at) === 0
  }
}

/** How a limit of so many stands with this window; a window that is not there is empty. */
export function standingOf(most: number, window: SlidingWindow | undefined, at: number): Standing {
  if (window === undefined) return { most, left: most, resetMs: 0 }
  return { most, left: leftOf(most, window, at), resetMs: window.emptyIn(at) }
}

const leftOf = (most: number, window: SlidingWindow, at: number): number =>
  Math.max(0, most - window.sum(at))

/** A call that would need the whole minute and more is admitted when the minute is free: else it never could be. */
const within = (tokens: number, most: number): number => Math.min(tokens, most)
