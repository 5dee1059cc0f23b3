import type { Entity } from '../ledger/entity.ts'
import type { EntityNews } from '../storage/rate-exchange.ts'
import type { Limited } from './limits.ts'
import { SlidingWindow, WINDOW_MS } from './sliding-window.ts'

/** Up to this many requests a minute each has an entry of its own, 16 bytes; above it they share those of slices. */
const EXACT_UP_TO = 1_000
/** Then, and for tokens, the window may remember by so much too long: limits are kept, 0.1 % too strictly. */
const SLICE_MS = 60
/** A call that ends makes room; nobody knows when. */
const SOON_MS = 1_000
/** Nodes that share a database tell each other so often what they admitted. */
export const EXCHANGE_EVERY_MS = 250
const EXCHANGES = WINDOW_MS / EXCHANGE_EVERY_MS

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
  /** The time that its request is remembered under; undefined where requests are not limited. */
  readonly requested: number | undefined
  /** Expected tokens, and the time they are remembered under; undefined where tokens are not limited. */
  readonly tokens: { readonly taken: number; readonly time: number } | undefined
}

interface Taking {
  readonly tokens: number
  readonly at: number
}

/** What other nodes have not heard yet. `calls`: those that came, also where requests are not limited. */
interface Untold {
  readonly calls: number
  readonly requests: number
  readonly tokens: number
}

const NOTHING: Untold = { calls: 0, requests: 0, tokens: 0 }

/** What is counted for one key or account. */
export class Tally {
  readonly entity: Entity
  readonly requests = new SlidingWindow()
  readonly tokens = new SlidingWindow()
  /** Calls that run on other nodes, as these said last. */
  elsewhere = 0
  #running = 0
  #toldRunning = 0
  /** What came since others were told last, and what they are being told. */
  #fresh = NOTHING
  #telling = NOTHING
  readonly #changed: Set<Tally> | undefined

  /** Enters itself in `changed` when there is something to tell, and somebody to be told. */
  constructor(entity: Entity, changed: Set<Tally> | undefined) {
    this.entity = entity
    this.#changed = changed
  }

  /** Calls that run here. */
  get running(): number {
    return this.#running
  }

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
    if (concurrent !== undefined && this.#running + this.elsewhere >= concurrent) {
      deny('calls', concurrent, SOON_MS)
    }
    return longest
  }

  /** Whether more was admitted, here and elsewhere, than may be. */
  isOver({ rpm, tpm, concurrent }: Limited, at: number): boolean {
    return (
      (rpm !== undefined && this.requests.sum(at) > rpm) ||
      (tpm !== undefined && this.tokens.sum(at) > tpm) ||
      (concurrent !== undefined && this.#running + this.elsewhere > concurrent)
    )
  }

  /** Whether others need not hear of one more call before it is admitted: the first one, and those within our share. */
  mayGoUntold({ rpm, tpm, concurrent }: Limited, tokens: number): boolean {
    const calls = this.#fresh.calls + this.#telling.calls + 1
    if (calls === 1) return true
    if (calls > Math.min(shareOf(rpm), shareOf(concurrent))) return false
    if (tpm === undefined) return true
    return this.#fresh.tokens + this.#telling.tokens + within(tokens, tpm) <= shareOf(tpm)
  }

  take({ rpm, tpm }: Limited, { tokens, at }: Taking): Place {
    this.#running += 1
    const requested =
      rpm === undefined ? undefined : this.requests.add(at, 1, rpm <= EXACT_UP_TO ? 0 : SLICE_MS)
    const taken = within(tokens, tpm ?? 0)
    this.#came({ calls: 1, requests: rpm === undefined ? 0 : 1, tokens: taken })
    if (tpm === undefined) return { tally: this, requested, tokens: undefined }
    const time = this.tokens.add(at, taken, SLICE_MS)
    return { tally: this, requested, tokens: { taken, time } }
  }

  /** Sets what a call used in the place of what was expected of it. */
  correct({ taken, time }: NonNullable<Place['tokens']>, used: number, at: number): void {
    const more = used - taken
    this.#came({ ...NOTHING, tokens: more })
    // What went beyond the expectation came just now; what was not needed was never there.
    if (more > 0) this.tokens.add(at, more, SLICE_MS)
    else if (more < 0) this.tokens.giveBack(at, time, -more)
  }

  /** A call has ended. */
  end(): void {
    this.#running -= 1
    this.#came(NOTHING)
  }

  /** As if a call had never made its request. */
  takeBack(requested: number, at: number): void {
    this.requests.giveBack(at, requested, 1)
    this.#came({ ...NOTHING, requests: -1 })
  }

  /** Counts what was admitted elsewhere at this time. */
  hear({ requests, tokens }: EntityNews, at: number): void {
    addOrGiveBack(this.requests, requests, at)
    addOrGiveBack(this.tokens, tokens, at)
  }

  /** What others are told now; `undefined` when they know it all. */
  tell(at: number): EntityNews | undefined {
    // While nobody could be told, some of it left the window: for others, too, it is over.
    const requests = Math.min(this.#fresh.requests, this.requests.sum(at))
    const tokens = Math.min(this.#fresh.tokens, this.tokens.sum(at))
    this.#telling = sumOf(this.#telling, this.#fresh)
    this.#fresh = NOTHING
    if (requests === 0 && tokens === 0 && this.#running === this.#toldRunning) return undefined
    this.#toldRunning = this.#running
    return { entity: this.entity, requests, tokens, running: this.#running }
  }

  /** Others have heard what they were told. */
  told(): void {
    this.#telling = NOTHING
  }

  isIdle(at: number): boolean {
    return (
      this.#running + this.elsewhere === 0 &&
      this.requests.emptyIn(at) === 0 &&
      this.tokens.emptyIn(at) === 0
    )
  }

  #came(more: Untold): void {
    this.#fresh = sumOf(this.#fresh, more)
    this.#changed?.add(this)
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

/** What a limit of so many a minute lets pass between two exchanges. */
const shareOf = (most: number | undefined): number =>
  most === undefined ? Number.POSITIVE_INFINITY : Math.ceil(most / EXCHANGES)

const sumOf = (one: Untold, other: Untold): Untold => ({
  calls: one.calls + other.calls,
  requests: one.requests + other.requests,
  tokens: one.tokens + other.tokens,
})

function addOrGiveBack(window: SlidingWindow, amount: number, at: number): void {
  if (amount > 0) window.add(at, amount, SLICE_MS)
  // What it gives back may have left the window already, or never been heard: nothing that came later is taken for it.
  else if (amount < 0) window.giveBack(at, at + SLICE_MS, -amount)
}
