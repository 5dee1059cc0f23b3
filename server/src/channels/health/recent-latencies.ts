const KEPT = 100
/** Fewer say nothing of the slowest twentieth. */
const LEAST = 20

/**
 * How soon the last hundred answers began. Kept sorted beside the order in which they came, so that neither adding nor
 * asking sorts or allocates.
 */
export class RecentLatencies {
  readonly #came = new Float32Array(KEPT)
  readonly #sorted = new Float32Array(KEPT)
  #count = 0
  #next = 0

  /** Milliseconds. */
  add(ms: number): void {
    const latency = Math.fround(Math.max(0, ms))
    if (this.#count === KEPT) this.#forget(this.#came[this.#next] as number)
    const at = this.#placeOf(latency)
    this.#sorted.copyWithin(at + 1, at, this.#count)
    this.#sorted[at] = latency
    this.#count += 1
    this.#came[this.#next] = latency
    this.#next = (this.#next + 1) % KEPT
  }

  /** Nineteen of twenty began no later; `undefined`: there were too few to say. */
  get p95(): number | undefined {
    if (this.#count < LEAST) return undefined
    return this.#sorted[Math.ceil(this.#count * 0.95) - 1]
  }

  #forget(latency: number): void {
    const at = this.#placeOf(latency)
    this.#sorted.copyWithin(at, at + 1, this.#count)
    this.#count -= 1
  }

  /** Before the first one that is not smaller. */
  #placeOf(latency: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] as number) < latency) low = middle + 1
      else high = middle
    }
    return low
  }
}
