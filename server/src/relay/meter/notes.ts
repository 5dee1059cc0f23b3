import type { Seen } from './meter.ts'

/** Looks at a JSON answer of pictures or sound on its way, for what its report of usage does not say. */
export interface Notes {
  chunk(bytes: Buffer): void
  seen(): Seen
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const NAME = Buffer.from('data')

/** Counts the members of the list `data`. Pictures are long strings, which are leapt over. */
export class PictureCount implements Notes {
  #depth = 0
  #inString = false
  #escaped = false
  /** Of a string at the outermost level: so many of its bytes are those of `data`; -1: it is another. */
  #matched = -1
  /** The outermost level's latest string is `data`. */
  #isNamed = false
  #inList = false
  #pictures = 0
  /** The next quote in the chunk at hand, so that no stretch is searched twice. */
  #quoteAt = -1

  chunk(bytes: Buffer): void {
    this.#quoteAt = -1
    for (let at = 0; at < bytes.length; at++) {
      if (this.#inString) at = this.#passString(bytes, at)
      else this.#see(bytes[at] as number)
    }
  }

  seen(): Seen {
    return { images: this.#pictures }
  }

  #see(byte: number) {
    if (byte === QUOTE) {
      this.#inString = true
      this.#matched = this.#depth === 1 ? 0 : -1
    } else if (byte === OPEN || byte === OPEN_LIST) {
      if (byte === OPEN && this.#inList && this.#depth === 2) this.#pictures++
      if (byte === OPEN_LIST && this.#isNamed && this.#depth === 1) this.#inList = true
      this.#depth++
    } else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (--this.#depth === 1) this.#inList = this.#isNamed = false
    }
  }

  /** The place of the last byte that belongs to the string, as far as it is there. */
  #passString(bytes: Buffer, from: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      this.#matched = -1
      return at
    }
    // Short of its end only backslashes matter.
    if (this.#matched < 0) {
      const end = this.#quoteFrom(bytes, at)
      const backslash = bytes.subarray(at, end).indexOf(BACKSLASH)
      at = backslash < 0 ? end : at + backslash
      if (at === bytes.length) return at
    }
    const byte = bytes[at] as number
    if (byte === BACKSLASH) this.#escaped = true
    else if (byte !== QUOTE) this.#match(byte)
    else {
      this.#inString = false
      if (this.#depth === 1) this.#isNamed = this.#matched === NAME.length
    }
    return at
  }

  #quoteFrom(bytes: Buffer, at: number): number {
    if (this.#quoteAt < at) {
      const quote = bytes.indexOf(QUOTE, at)
      this.#quoteAt = quote < 0 ? bytes.length : quote
    }
    return this.#quoteAt
  }

  #match(byte: number) {
    const { length } = NAME
    this.#matched = this.#matched < length && NAME[this.#matched] === byte ? this.#matched + 1 : -1
  }
}

/** So much of an answer's beginning is looked through: `duration` stands before the text and its words. */
const BEGINNING = 16 * 1024
/** The quotes of a text's own words would be escaped. */
const DURATION = /"duration"\s*:\s*"?(\d+(?:\.\d+)?)/

/** Finds how long the recording was that a transcript is of. */
export class RecordedLength implements Notes {
  #beginning = ''

  chunk(bytes: Buffer): void {
    if (this.#beginning.length >= BEGINNING) return
    this.#beginning += bytes.toString('latin1', 0, BEGINNING)
  }

  seen(): Seen {
    const [, seconds] = DURATION.exec(this.#beginning) ?? []
    return seconds === undefined ? {} : { seconds: Number(seconds) }
  }
}
