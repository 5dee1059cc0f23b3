export type BreakerState = 'closed' | 'open' | 'half_open'

/** Why a breaker opened. */
export type OpenReason =
  | 'consecutive_failures'
  | 'error_rate'
  /** The one call that was let through to see whether it works again. */
  | 'probe_failed'
  /** The provider asked for a pause with an error of its own. */
  | 'overloaded'
  /** 429: this key has had its share. */
  | 'rate_limited'
  /** 401, 402, 403, or the provider's words for an account without money. */
  | 'denied'

/** How long it stays open: the first time, and at most. Doubled each time it opens again soon. */
const RESTS: Readonly<Record<OpenReason, readonly [firstMs: number, mostMs: number]>> = {
  consecutive_failures: [5_000, 120_000],
  error_rate: [5_000, 120_000],
  probe_failed: [5_000, 120_000],
  overloaded: [5_000, 120_000],
  rate_limited: [1_000, 60_000],
  // Somebody has to pay or to send another key first.
  denied: [60_000, 900_000],
}
/** What a provider may ask for: a wrong figure must not take a channel away for a day, nor make us knock without end. */
const SHORTEST_ASKED_MS = 1_000
const LONGEST_ASKED_MS = 3_600_000
/** Nodes that saw the same failure must not all come back at the same moment; nobody comes back early. */
const JITTER = 0.25
/** After so long without trouble the next opening is a first one again. */
const STEADY_MS = 60_000
/** Who finds it half open and its probe under way is told to come back after this. */
const PROBE_MS = 1_000

export interface BreakerParts {
  /** 0 <= x < 1. */
  readonly random: () => number
  /** Milliseconds since 1970, for whoever reads the state. */
  readonly wall: () => number
}

export interface Opening {
  readonly reason: OpenReason
  /** What the provider asked for, in milliseconds; else it is ours to say. */
  readonly askedMs?: number | undefined
}

/** A breaker as it is shown. Times in Unix seconds. */
export interface Standing {
  readonly state: BreakerState
  /** When this state began. */
  readonly since: number
  readonly openUntil?: number
  /** Why it opened last; absent when it is closed. */
  readonly reason?: OpenReason
}

/**
 * Closed: calls pass. Open: none does until its time is over. Then half open: one probe at a time, an ordinary call, and
 * the first one that works closes it. All `now` are milliseconds of one monotonic clock.
 *
 * A call remembers the `epoch` in which it began: what it tells later counts only if the breaker has not opened, closed
 * or been reset in between, so that a hundred calls which fail together open it once.
 */
export class Breaker {
  readonly #parts: BreakerParts
  #epoch = 0
  #isClosed = true
  #openUntil = 0
  /** The same moment by the wall clock, in Unix seconds. */
  #shownUntil = 0
  #reason: OpenReason | undefined
  #openings = 0
  #closedAt = Number.NEGATIVE_INFINITY
  #since: number
  #isProbed = false

  constructor(parts: BreakerParts) {
    this.#parts = parts
    this.#since = seconds(parts.wall())
  }

  get epoch(): number {
    return this.#epoch
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  mayTry(now: number): boolean {
    return this.#isClosed || (now >= this.#openUntil && !this.#isProbed)
  }

  /** The earliest time at which a call may pass, as far as anybody knows. */
  triableAt(now: number): number {
    if (this.mayTry(now)) return now
    return Math.max(this.#openUntil, this.#isProbed ? now + PROBE_MS : now)
  }

  /** A call goes through; answers whether it is a probe. Only when `mayTry`. */
  begin(): boolean {
    if (this.#isClosed) return false
    this.#isProbed = true
    return true
  }

  /** The probe of this epoch has an answer coming, or will never say: another call may pass. */
  letGo(epoch: number): void {
    if (epoch === this.#epoch) this.#isProbed = false
  }

  /** A call of this epoch worked; answers whether that closed it. */
  worked(epoch: number, now: number): boolean {
    if (this.#isClosed || epoch !== this.#epoch) return false
    this.#close(now)
    return true
  }

  /** Opens because of a call of this epoch; answers for how many milliseconds, 0 = it told nothing new. */
  open(epoch: number, now: number, { reason, askedMs }: Opening): number {
    if (epoch !== this.#epoch) return 0
    if (this.#isClosed && now - this.#closedAt > STEADY_MS) this.#openings = 0
    const [firstMs, mostMs] = RESTS[reason]
    const ownMs = Math.min(mostMs, firstMs * 2 ** Math.min(this.#openings, 16))
    const restMs = askedMs === undefined ? ownMs : bounded(askedMs)
    const openMs = restMs * (1 + JITTER * this.#parts.random())
    this.#openings += 1
    this.#epoch += 1
    this.#isClosed = false
    this.#isProbed = false
    this.#openUntil = now + openMs
    this.#reason = reason
    const wall = this.#parts.wall()
    this.#since = seconds(wall)
    this.#shownUntil = Math.ceil((wall + openMs) / 1000)
    return openMs
  }

  /** Closes it whatever happened: somebody who knows better says so. */
  reset(): void {
    this.#openings = 0
    if (!this.#isClosed) this.#close(Number.NEGATIVE_INFINITY)
    else this.#epoch += 1
  }

  standing(now: number): Standing {
    if (this.#isClosed) return { state: 'closed', since: this.#since }
    const reason = this.#reason as OpenReason
    if (now >= this.#openUntil) return { state: 'half_open', since: this.#shownUntil, reason }
    return { state: 'open', since: this.#since, openUntil: this.#shownUntil, reason }
  }

  #close(now: number): void {
    this.#epoch += 1
    this.#isClosed = true
    this.#isProbed = false
    this.#closedAt = now
    this.#since = seconds(this.#parts.wall())
  }
}

const bounded = (askedMs: number) =>
  Math.min(Math.max(askedMs, SHORTEST_ASKED_MS), LONGEST_ASKED_MS)

const seconds = (ms: number) => Math.floor(ms / 1000)
