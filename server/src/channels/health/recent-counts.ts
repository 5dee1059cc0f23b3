const SLICES = 10

/**
 * How often each of two things happened lately. Counted in ten slices of the window, which fall out one after the other:
 * nothing is remembered longer than the window, and nothing is forgotten before nine tenths of it. `now` never goes back.
 */
export class RecentCounts {
  readonly #sliceMs: number
  readonly #goods = new Float64Array(SLICES)
  readonly #bads = new Float64Array(SLICES)
  #newest = 0
  #good = 0
  #bad = 0

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES
  }

  addGood(now: number): void {
    const at = this.#move(now)
    this.#goods[at] = (this.#goods[at] as number) + 1
    this.#good += 1
  }

  addBad(now: number): void {
    const at = this.#move(now)
    this.#bads[at] = (this.#bads[at] as number) + 1
    this.#bad += 1
  }

  good(now: number): number {
    this.#move(now)
    return this.#good
  }

  bad(now: number): number {
    this.#move(now)
    return this.#bad
  }

  clear(): void {
    this.#goods.fill(0)
    this.#bads.fill(0)
    this.#good = 0
    this.#bad = 0
  }

  /** Lets old slices fall out; answers the place of the present one. */
  #move(now: number): number {
    const slice = Math.floor(now / this.#sliceMs)
    const passed = slice - this.#newest
    if (passed >= SLICES) this.clear()
    else for (let old = this.#newest + 1; old <= slice; old++) this.#forget(old % SLICES)
    if (passed > 0) this.#newest = slice
    return this.#newest % SLICES
  }

  #forget(at: number): void {
    this.#good -= this.#goods[at] as number
    this.#bad -= this.#bads[at] as number
    this.#goods[at] = 0
    this.#bads[at] = 0
  }
}
