/** What "a minute" means in limits: any 60 seconds, not those of the clock on the wall. */
export const WINDOW_MS = 60_000

const FEW = 4

/**
 * What was taken in the last 60 seconds: amounts with their times, oldest first, in a ring that grows as it must.
 * Times may be rounded up to the end of a slice, whose amounts are then one entry: the window never forgets anything
 * early, and remembers it at most one slice too long. With slices of 60 ms no more than 1 001 entries are alive.
 */
export class SlidingWindow {
  #times = new Float64Array(FEW)
  #amounts = new Float64Array(FEW)
  #first = 0
  #length = 0
  #sum = 0
  #newest = Number.NEGATIVE_INFINITY

  /** What is in the window now. `now` never goes back. */
  sum(now: number): number {
    while (this.#length > 0 && this.#timeAt(0) + WINDOW_MS <= now) {
      this.#sum -= this.#amountAt(0)
      this.#first = this.#place(1)
      this.#length -= 1
    }
    // Sums beyond 2^53, which only a provider gone mad reports, leave a rest behind.
    if (this.#length === 0) this.#sum = 0
    return this.#sum
  }

  /** Adds an amount; `sliceMs` 0 = at exactly this time. Answers the time under which it is remembered. */
  add(now: number, amount: number, sliceMs: number): number {
    this.sum(now)
    const at = Math.max(slotOf(now, sliceMs), this.#newest)
    this.#sum += amount
    if (this.#length > 0 && at === this.#newest) {
      this.#addAt(this.#length - 1, amount)
      return at
    }
    if (this.#length === this.#times.length) this.#grow()
    const place = this.#place(this.#length)
    this.#times[place] = at
    this.#amounts[place] = amount
    this.#length += 1
    this.#newest = at
    return at
  }

  /** Takes back what is remembered under `time` or an earlier one, newest first, as far as it is still in the window. */
  giveBack(now: number, time: number, amount: number): void {
    this.sum(now)
    let left = amount
    for (let at = this.#lastUntil(time); at >= 0 && left > 0; at--) {
      const taken = Math.min(left, this.#amountAt(at))
      this.#addAt(at, -taken)
      this.#sum -= taken
      left -= taken
    }
  }

  /** Milliseconds until `amount` fits below `most`, if nothing else is added; 0 = it fits now. */
  waitFor(now: number, amount: number, most: number): number {
    let over = this.sum(now) + amount - most
    if (over <= 0) return 0
    for (let at = 0; at < this.#length; at++) {
      over -= this.#amountAt(at)
      if (over <= 0) return this.#timeAt(at) + WINDOW_MS - now
    }
    return WINDOW_MS
  }

  /** Milliseconds until all has left the window; 0 = nothing is in it. */
  emptyIn(now: number): number {
    return this.sum(now) === 0 ? 0 : this.#newest + WINDOW_MS - now
  }

  /** How many entries are remembered. */
  get entries(): number {
    return this.#length
  }

  /** The last entry that is remembered under this time or an earlier one; -1 when all of those have left. */
  #lastUntil(time: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#timeAt(middle) <= time) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #timeAt(at: number): number {
    return this.#times[this.#place(at)] as number
  }

  #amountAt(at: number): number {
    return this.#amounts[this.#place(at)] as number
  }

  #addAt(at: number, amount: number): void {
    this.#amounts[this.#place(at)] = this.#amountAt(at) + amount
  }

  /** The ring's length is a power of two. */
  #place(at: number): number {
    return (this.#first + at) & (this.#times.length - 1)
  }

  #grow(): void {
    const times = new Float64Array(this.#length * 2)
    const amounts = new Float64Array(this.#length * 2)
    for (let at = 0; at < this.#length; at++) {
      times[at] = this.#timeAt(at)
      amounts[at] = this.#amountAt(at)
    }
    this.#times = times
    this.#amounts = amounts
    this.#first = 0
  }
}

/** The time under which an amount is remembered: the end of its slice. */
const slotOf = (now: number, sliceMs: number): number =>
  sliceMs === 0 ? now : Math.ceil(now / sliceMs) * sliceMs
