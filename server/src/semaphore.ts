/** Lets few do something at a time, in the order of asking. */
export class Semaphore {
  readonly #atOnce: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** How many wait to enter. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Whoever entered leaves, once. */
  async enter(): Promise<void> {
    if (this.#running >= this.#atOnce)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
  }

  leave(): void {
    // The place is handed over: who comes before the next one resumes must not take it, too.
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }

  /** Does the work when its turn comes. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    await this.enter()
    try {
      return await work()
    } finally {
      this.leave()
    }
  }
}
