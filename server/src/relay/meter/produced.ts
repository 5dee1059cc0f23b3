import { writtenIn } from '../../dialects/written-in.ts'
import { objectEnd, parseLatin1, valueAfter } from './json-text.ts'
import type { ProducedTexts } from './meter.ts'

/** Collected lines are copied out of the chunks they came in when there is so much of them. */
const COPY_AT = 4_096
/** And reduced to what the model wrote when there is so much. */
const REDUCE_AT = 16_384
/** So much of it is kept; of what comes after it only the length, so that no stream fills the memory. */
const MOST_KEPT = 65_536
const DELTA = '"delta"'

/**
 * Remembers what a stream produced, for the case that nobody reports usage. Collecting is a slice per event; what the
 * slices say is read only when it is needed, or when there would be too many of them.
 */
export class Produced {
  #fresh = ''
  #copied: Buffer[] = []
  #copiedBytes = 0
  #texts: string[] = []
  #length = 0
  #kept = 0

  /** A line of latin1 text that begins with the value of `delta` and ends with a line break. */
  collect(line: string) {
    this.#fresh += line
    if (this.#fresh.length >= COPY_AT) this.#copy()
  }

  texts(): ProducedTexts {
    this.#copy()
    this.#reduce()
    return { texts: this.#texts, share: this.#length === 0 ? 1 : this.#kept / this.#length }
  }

  #copy() {
    const bytes = Buffer.from(this.#fresh, 'latin1')
    this.#fresh = ''
    this.#copied.push(bytes)
    this.#copiedBytes += bytes.length
    if (this.#copiedBytes >= REDUCE_AT) this.#reduce()
  }

  #reduce() {
    const lines = Buffer.concat(this.#copied).toString('latin1').split('\n')
    this.#copied = []
    this.#copiedBytes = 0
    const found: string[] = []
    for (const line of lines) writtenInLine(line, found)
    const text = found.join('')
    this.#length += text.length
    if (this.#kept >= MOST_KEPT) return
    // Joined and cut texts point into the parts they were made of.
    this.#texts.push(Buffer.from(text).toString())
    this.#kept += text.length
  }
}

function writtenInLine(line: string, found: string[]) {
  let open = line.startsWith('{') ? 0 : -1
  while (open >= 0) {
    const end = objectEnd(line, open)
    if (end < 0) return
    writtenIn(parseLatin1(line.slice(open, end)), found)
    // Several choices in one event.
    const next = line.indexOf(DELTA, end)
    open = next < 0 ? -1 : valueAfter(line, next + DELTA.length)
  }
}
