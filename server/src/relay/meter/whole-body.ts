import type { Meter, ProducedTexts } from './meter.ts'

/** Longer answers than this are none that anybody waits for. */
const LONGEST = 256 * 1024
const NOTHING: ProducedTexts = { texts: [], share: 1 }

/** Keeps a small answer whole, for a step that reads it itself. */
export class WholeBody implements Meter {
  complete = false
  readonly finished = false
  readonly #held: Buffer[] = []
  readonly #longest: number
  #bytes = 0

  constructor(longest = LONGEST) {
    this.#longest = longest
  }

  chunk(bytes: Buffer): boolean {
    this.#bytes += bytes.length
    if (this.#bytes <= this.#longest) this.#held.push(bytes)
    return true
  }

  end(): boolean {
    return this.#bytes > 0 && this.#bytes <= this.#longest
  }

  reported(): undefined {
    return undefined
  }

  produced(): ProducedTexts {
    return NOTHING
  }

  held(): readonly Buffer[] {
    return this.#held
  }
}
