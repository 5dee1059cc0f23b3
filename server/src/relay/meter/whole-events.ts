const LINE_FEED = 0x0a
const RETURN = 0x0d
/** No event of a provider is longer; one that is would have to be kept in memory. */
const LONGEST_EVENT = 16 * 1024 * 1024

/** Cuts a stream of bytes after its last whole event, and keeps the beginning of the next one. */
export class WholeEvents {
  readonly #longest: number
  #waiting: Buffer[] = []
  #bytes = 0

  constructor(longest = LONGEST_EVENT) {
    this.#longest = longest
  }

  get tooLong(): boolean {
    return this.#bytes > this.#longest
  }

  /** All events that are whole now; `undefined` when there are none. */
  take(chunk: Buffer): Buffer | undefined {
    if (this.#bytes === 0 && endsEvent(chunk)) return chunk
    this.#waiting.push(chunk)
    this.#bytes += chunk.length
    // Without a line break in it, no event can have ended.
    if (!chunk.includes(LINE_FEED)) return undefined
    const all = this.rest()
    const end = lastEventEnd(all)
    if (end < all.length) {
      this.#waiting.push(all.subarray(end))
      this.#bytes = all.length - end
    }
    return end === 0 ? undefined : all.subarray(0, end)
  }

  /** What is left: an event that was never ended. */
  rest(): Buffer {
    const all =
      this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    return all
  }
}

/** Whether the bytes end with an empty line: \n\n, or \n\r\n. */
function endsEvent(bytes: Buffer): boolean {
  const end = bytes.length
  if (end < 2 || bytes[end - 1] !== LINE_FEED) return false
  if (bytes[end - 2] === LINE_FEED) return true
  return bytes[end - 2] === RETURN && bytes[end - 3] === LINE_FEED
}

function lastEventEnd(bytes: Buffer): number {
  const plain = bytes.lastIndexOf('\n\n')
  const returned = bytes.lastIndexOf('\n\r\n')
  return Math.max(plain < 0 ? 0 : plain + 2, returned < 0 ? 0 : returned + 3)
}
