import type { ProducedTexts } from './meter.ts'

/** So much is kept; of what comes after it only the length, so that no stream fills the memory. */
const MOST_KEPT = 65_536
/** Many small texts are joined when there are so many characters of them. */
const JOIN_AT = 16_384

/** What a stream's model wrote, for the case that nobody reports usage. */
export class Words {
  /** New texts are put here. */
  readonly fresh: string[] = []
  readonly #texts: string[] = []
  #seen = 0
  #freshLength = 0
  #length = 0
  #kept = 0

  /** Looks at what was added to `fresh`. */
  settle() {
    for (; this.#seen < this.fresh.length; this.#seen++) {
      this.#freshLength += (this.fresh[this.#seen] as string).length
    }
    if (this.#freshLength >= JOIN_AT) this.#join()
  }

  produced(): ProducedTexts {
    this.settle()
    this.#join()
    return { texts: this.#texts, share: this.#length === 0 ? 1 : this.#kept / this.#length }
  }

  #join() {
    if (this.#kept < MOST_KEPT) {
      // Joined and cut texts point into the parts they were made of.
      this.#texts.push(Buffer.from(this.fresh.join('')).toString())
      this.#kept += this.#freshLength
    }
    this.#length += this.#freshLength
    this.fresh.length = this.#seen = this.#freshLength = 0
  }
}
