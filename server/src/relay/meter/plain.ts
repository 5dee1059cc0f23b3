import type { Usage } from '../../usage/usage.ts'
import { objectEnd, parseLatin1, valueAfter, writtenIn } from './json-text.ts'
import type { Meter, Outlet } from './meter.ts'

const USAGE = '"usage"'
/** So much of an answer's end is held back; shorter answers are held whole. */
const HELD = 64 * 1024
/** A report of usage is shorter than this, wherever it is cut. */
const LONGEST_REPORT = 4_096
/** So much of a long answer is kept for counting, until a report of usage turns up. */
const MOST_KEPT = 1024 * 1024

/**
 * Meters an answer that is one JSON object. Its report of usage is found by its bytes; the answer itself is parsed only
 * when there is none, because then its words have to be counted.
 */
export class PlainMeter implements Meter {
  readonly complete = false
  readonly finished = false
  readonly #outlet: Outlet
  readonly #readUsage: (reported: unknown) => Usage | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #first = 0
  #passed: Buffer[] = []
  #passedBytes = 0
  #usage: Usage | undefined

  constructor(outlet: Outlet, readUsage: (reported: unknown) => Usage | undefined) {
    this.#outlet = outlet
    this.#readUsage = readUsage
  }

  chunk(bytes: Buffer): boolean {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    let flowing = true
    let oldest = this.#held[this.#first] as Buffer
    while (this.#heldBytes - oldest.length >= HELD) {
      flowing = this.#pass(oldest)
      oldest = this.#held[++this.#first] as Buffer
    }
    // Dropping them one by one from the front of an array costs more than the answer.
    if (this.#first >= 64) {
      this.#held = this.#held.slice(this.#first)
      this.#first = 0
    }
    return flowing
  }

  end(): boolean {
    const held = this.held()
    const end = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held)
    this.#held = [end]
    this.#first = 0
    const report = this.#lookIn(end)
    if (report !== undefined) this.#usage = report
    if (!endsObject(end)) return false
    if (this.#outlet.begun) return true
    if (!beginsObject(end)) return false
    return this.#usage !== undefined || parseLatin1(end.toString('latin1')) !== undefined
  }

  reported(): Usage | undefined {
    return this.#usage
  }

  produced(): readonly string[] {
    const whole = Buffer.concat([...this.#passed, ...this.held()])
    const parsed = this.#outlet.begun ? undefined : parseLatin1(whole.toString('latin1'))
    if (parsed === undefined) return [whole.toString('utf8')]
    const texts: string[] = []
    writtenIn((parsed as { choices?: unknown }).choices, texts)
    return texts
  }

  held(): readonly Buffer[] {
    return this.#first === 0 ? this.#held : this.#held.slice(this.#first)
  }

  #pass(bytes: Buffer): boolean {
    this.#heldBytes -= bytes.length
    // The report may stand before the text, and across two pieces.
    const before = this.#passed.at(-1)?.subarray(-LONGEST_REPORT)
    const report = this.#lookIn(before === undefined ? bytes : Buffer.concat([before, bytes]))
    if (report !== undefined) this.#usage = report
    if (this.#passedBytes < MOST_KEPT) this.#passed.push(bytes)
    this.#passedBytes += bytes.length
    return this.#outlet.write(bytes)
  }

  /** The last report of usage in these bytes. */
  #lookIn(bytes: Buffer): Usage | undefined {
    const text = bytes.toString('latin1')
    let place = text.lastIndexOf(USAGE)
    while (place >= 0) {
      const value = valueAfter(text, place + USAGE.length)
      const end = value > 0 && text.charCodeAt(value) === OPEN ? objectEnd(text, value) : -1
      const usage = end > 0 ? this.#readUsage(parseLatin1(text.slice(value, end))) : undefined
      if (usage !== undefined) return usage
      place = place === 0 ? -1 : text.lastIndexOf(USAGE, place - 1)
    }
    return undefined
  }
}

const OPEN = 0x7b
const CLOSE = 0x7d

function beginsObject(bytes: Buffer): boolean {
  let at = 0
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++
  return bytes[at] === OPEN
}

function endsObject(bytes: Buffer): boolean {
  let at = bytes.length - 1
  while (at >= 0 && (bytes[at] as number) <= 0x20) at--
  return bytes[at] === CLOSE
}
