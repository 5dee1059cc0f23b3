import type { Meter } from './meter.ts'
import { Unmetered } from './unmetered.ts'

const LINE_FEED = 0x0a

export interface LineLimits {
  readonly bytes: number
  readonly lineBytes: number
}

/** Hands a file on line by line, however long it is; empty lines are left out. Stops where the reader throws. */
export class Lines extends Unmetered implements Meter {
  complete = false
  /** What its reader threw, or that a limit was passed. */
  failure: unknown
  readonly #read: (line: Buffer, number: number) => void
  readonly #limits: LineLimits
  #rest: Buffer[] = []
  #restBytes = 0
  #bytes = 0
  #number = 0

  constructor(limits: LineLimits, read: (line: Buffer, number: number) => void) {
    super()
    this.#limits = limits
    this.#read = read
  }

  chunk(bytes: Buffer): boolean {
    if (this.complete) return true
    this.#bytes += bytes.length
    let from = 0
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, from)
      if (end < 0 || this.complete) break
      this.#line(bytes.subarray(from, end))
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
    if (this.#bytes > this.#limits.bytes) this.#fail(new RangeError('the file is too long'))
    return true
  }

  end(): boolean {
    if (!this.complete && this.#restBytes > 0) this.#line(NO_BYTES)
    return true
  }

  #keep(bytes: Buffer) {
    if (this.complete || bytes.length === 0) return
    this.#restBytes += bytes.length
    this.#rest.push(bytes)
    if (this.#restBytes > this.#limits.lineBytes) {
      this.#fail(new RangeError(`line ${this.#number + 1} is too long`))
    }
  }

  #line(last: Buffer) {
    this.#number += 1
    const line = this.#restBytes === 0 ? last : Buffer.concat([...this.#rest, last])
    this.#rest = []
    this.#restBytes = 0
    if (isBlank(line)) return
    try {
      this.#read(line, this.#number)
    } catch (failure) {
      this.#fail(failure)
    }
  }

  #fail(failure: unknown) {
    this.failure = failure
    this.complete = true
    this.#rest = []
  }
}

const NO_BYTES = Buffer.alloc(0)

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte > 0x20) return false
  return true
}
