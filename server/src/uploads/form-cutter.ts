import { type Gap, LONGEST_HEAD, MOST_PARTS, tooManyParts } from '../dialects/multipart.ts'
import { Refused } from '../errors.ts'

/** Of each part so much stays at hand in any case: its headers, and where its content begins. */
const BEGINNING = LONGEST_HEAD + 1024
/** And of each that is no file: more than any field that we judge has. */
const LONGEST_FIELD = 128 * 1024
/** And of all together. */
const MOST_AT_HAND = 2 * 1024 * 1024
/** Before each delimiter, where a line must end. */
const LINE_END = 2
const EMPTY_LINE = '\r\n\r\n'
const NOTHING = Buffer.alloc(0)

/** What stays at hand of a form, and where the rest of it belongs. */
export interface CutForm {
  readonly payload: Buffer
  readonly gaps: readonly Gap[]
}

/**
 * Takes the contents of files out of a form while it comes: what stays has all of its delimiters, headers and fields. It
 * judges nothing; that is done by whoever reads what stays (dialects/multipart.ts).
 */
export class FormCutter {
  readonly #delimiter: Buffer
  readonly #leaveOut: (bytes: Buffer) => void
  readonly #gaps: { readonly at: number; bytes: number }[] = []
  #kept: Buffer[] = []
  #keptBytes = 0
  /** The end of what came: a delimiter may begin in it. */
  #carried: Buffer = NOTHING
  /** Where in `#kept` the present part begins, and how much of it may still stay. */
  #partAt = 0
  #room = BEGINNING
  #isJudged = false
  #parts = 0

  /** `leaveOut` gets the bytes that don't stay, in their order. */
  constructor(boundary: string, leaveOut: (bytes: Buffer) => void) {
    this.#delimiter = Buffer.from(`--${boundary}`, 'latin1')
    this.#leaveOut = leaveOut
  }

  /** The next bytes of the form. @throws Refused for what can't be taken apart. */
  push(chunk: Buffer): void {
    // Only the seam is copied. What is carried on from a whole one lies in this chunk.
    const seam = chunk.subarray(0, this.#longestCarried)
    this.#scan(Buffer.concat([this.#carried, seam]))
    if (chunk.length > seam.length) {
      this.#scan(chunk.subarray(seam.length - this.#carried.length))
    }
  }

  end(): CutForm {
    this.#content(this.#carried)
    this.#carried = NOTHING
    const payload = Buffer.concat(this.#kept, this.#keptBytes)
    this.#kept = []
    return { payload, gaps: this.#gaps }
  }

  get #longestCarried(): number {
    return this.#delimiter.length - 1 + LINE_END
  }

  #scan(bytes: Buffer) {
    let at = 0
    for (;;) {
      const found = bytes.indexOf(this.#delimiter, at)
      if (found < 0) break
      const lineEnd = Math.max(at, found - LINE_END)
      this.#content(bytes.subarray(at, lineEnd))
      at = found + this.#delimiter.length
      this.#keep(bytes.subarray(lineEnd, at))
      this.#beginPart()
    }
    const open = Math.max(at, bytes.length - this.#longestCarried)
    this.#content(bytes.subarray(at, open))
    this.#carried = Buffer.from(bytes.subarray(open))
  }

  #beginPart() {
    // The last delimiter begins none.
    if (this.#parts++ > MOST_PARTS) throw tooManyParts()
    this.#partAt = this.#kept.length
    this.#room = BEGINNING
    this.#isJudged = false
  }

  #content(bytes: Buffer): void {
    const staying = bytes.subarray(0, this.#room)
    this.#keep(staying)
    this.#room -= staying.length
    const rest = bytes.subarray(staying.length)
    if (rest.length === 0) return
    if (!this.#isJudged && !this.#isFile()) {
      this.#isJudged = true
      this.#room = LONGEST_FIELD
      this.#content(rest)
      return
    }
    this.#isJudged = true
    const last = this.#gaps.at(-1)
    if (last?.at === this.#keptBytes) last.bytes += rest.length
    else this.#gaps.push({ at: this.#keptBytes, bytes: rest.length })
    this.#leaveOut(rest)
  }

  /** As its beginning says; some are written as text. */
  #isFile(): boolean {
    const beginning = Buffer.concat(this.#kept.slice(this.#partAt)).toString('latin1')
    const headEnd = beginning.indexOf(EMPTY_LINE)
    if (headEnd < 0) return true
    const isNamed = /filename/i.test(beginning.slice(0, headEnd))
    return isNamed || beginning.startsWith('data:', headEnd + EMPTY_LINE.length)
  }

  /** Copied, so that a few bytes don't hold the chunk that they came in. */
  #keep(bytes: Buffer) {
    if (bytes.length === 0) return
    this.#keptBytes += bytes.length
    if (this.#keptBytes > MOST_AT_HAND) {
      throw new Refused(
        'body_too_large',
        `the fields and headers of a form may have ${MOST_AT_HAND} bytes, beside its files`,
      )
    }
    this.#kept.push(Buffer.from(bytes))
  }
}
