import type { Meter, Outlet, ProducedTexts, Seen } from './meter.ts'

/** So much of a text is kept for counting its words; of what comes after it only the length. */
const MOST_KEPT = 1024 * 1024

/** Meters an answer that is no JSON - sound, or a plain text - by its length alone. Its last piece is held back. */
export class BytesMeter implements Meter {
  readonly complete = false
  readonly finished = false
  readonly #outlet: Outlet
  /** Whether somebody will ask for the words in it. */
  readonly #isText: boolean
  #last: Buffer | undefined
  #bytes = 0
  #kept: Buffer[] = []
  #keptBytes = 0

  constructor(outlet: Outlet, isText: boolean) {
    this.#outlet = outlet
    this.#isText = isText
  }

  chunk(bytes: Buffer): boolean {
    if (bytes.length === 0) return true
    const before = this.#last
    this.#last = bytes
    this.#bytes += bytes.length
    if (this.#isText && this.#keptBytes < MOST_KEPT) {
      this.#kept.push(bytes)
      this.#keptBytes += bytes.length
    }
    return before === undefined || this.#outlet.write(before)
  }

  /** Silence is an answer only to who asked for a text. */
  end(): boolean {
    return this.#bytes > 0 || this.#isText
  }

  reported(): undefined {
    return undefined
  }

  seen(): Seen {
    return { bytes: this.#bytes }
  }

  produced(): ProducedTexts {
    const share = this.#bytes === 0 ? 1 : this.#keptBytes / this.#bytes
    return { texts: [Buffer.concat(this.#kept).toString('utf8')], share }
  }

  held(): readonly Buffer[] {
    return this.#last === undefined ? [] : [this.#last]
  }
}
