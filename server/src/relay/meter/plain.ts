import type { Dialect, Loose } from '../../dialects/dialect.ts'
import { isObject } from '../../dialects/judged.ts'
import { writtenIn } from '../../dialects/written-in.ts'
import { type Beside, type Usage, withBeside } from '../../usage/usage.ts'
import {
  objectEnd,
  parseLatin1,
  standsOutermost,
  textOfOutermost,
  valueAfter,
} from './json-text.ts'
import type { Meter, Outlet, ProducedTexts, Seen } from './meter.ts'
import type { Notes } from './notes.ts'

/** So much of an answer's end is held back; shorter answers are held whole. */
const HELD = 64 * 1024
/** A report of usage is shorter than this. */
const LONGEST_REPORT = 4_096
/** So much of a long answer is kept, in case that no report of usage turns up at its end. */
const MOST_KEPT = 1024 * 1024

/** What of a dialect has to be known for it. */
export type PlainRules = Pick<Dialect, 'usageMember' | 'contentMember' | 'readUsage' | 'readBeside'>

/**
 * Meters an answer that is one JSON object. Its report of usage is found by its bytes; the answer itself is parsed only
 * when there is none, because then its words have to be counted.
 */
export class PlainMeter implements Meter {
  readonly complete = false
  readonly finished = false
  heldText: string | undefined
  readonly #outlet: Outlet
  readonly #rules: PlainRules
  readonly #notes: Notes | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #first = 0
  #passed: Buffer[] = []
  #passedBytes = 0
  #usage: Usage | undefined
  /** The end of the answer as text, once it is all there. */
  #tail: string | undefined
  /** What comes is long, and no JSON object. */
  #isNone = false

  constructor(outlet: Outlet, rules: PlainRules, notes?: Notes) {
    this.#outlet = outlet
    this.#rules = rules
    this.#notes = notes
  }

  chunk(bytes: Buffer): boolean {
    if (this.#isNone) return true
    this.#notes?.chunk(bytes)
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    let flowing = true
    let oldest = this.#held[this.#first] as Buffer
    while (this.#heldBytes - oldest.length >= HELD) {
      if (this.#passedBytes === 0 && !beginsObject(this.held())) return this.#letGo()
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
    if (!endsObject(held) || this.#outlet.takes?.(held) === false) return false
    // Nearly always the report stands at the end; only where it does not is the rest looked through.
    const tail = tailOf(held)
    const text = tail.toString('latin1')
    if (tail === held[0]) this.heldText = text
    this.#tail = text
    this.#usage =
      this.#lookIn(text) ??
      this.#lookIn(Buffer.concat([...this.#passed, ...held]).toString('latin1'))
    // Its beginning was looked at; a translation gets all of it before anything goes out.
    if (this.#passedBytes > 0) return true
    if (!beginsObject(held)) return false
    return this.#usage !== undefined || isAnswer(this.#whole(), this.#rules.contentMember)
  }

  reported(): Usage | undefined {
    return this.#usage === undefined ? undefined : withBeside(this.#usage, this.beside())
  }

  beside(): Beside | undefined {
    if (this.#tail === undefined) return undefined
    return this.#rules.readBeside?.(this.#tail, this)
  }

  text(): string | undefined {
    if (this.heldText !== undefined && this.#passedBytes === 0) return this.heldText
    const isKept = this.#passedBytes <= MOST_KEPT
    return isKept ? Buffer.concat([...this.#passed, ...this.held()]).toString('latin1') : undefined
  }

  seen(): Seen {
    return this.#notes?.seen() ?? {}
  }

  issuing(): Loose | undefined {
    const text = Buffer.concat([...this.#passed, ...this.held()]).toString('latin1')
    const parsed = parseLatin1(text)
    if (isObject(parsed)) return parsed
    // Not all of it came, or it is too long to be kept: at its beginning stands who it is.
    const id = textOfOutermost(text, '"id"')
    return id === undefined ? undefined : { id }
  }

  produced(): ProducedTexts {
    const parsed = this.#passedBytes > 0 ? undefined : this.#whole()
    if (parsed === undefined) {
      const kept = Buffer.concat([...this.#passed, ...this.held()])
      const came = this.#passedBytes + this.#heldBytes
      return { texts: [kept.toString('utf8')], share: came === 0 ? 1 : kept.length / came }
    }
    const texts: string[] = []
    writtenIn((parsed as Readonly<Record<string, unknown>>)[this.#rules.contentMember], texts)
    return { texts, share: 1 }
  }

  held(): readonly Buffer[] {
    return this.#first === 0 ? this.#held : this.#held.slice(this.#first)
  }

  /** Nothing of it will be passed on, so nothing of it is kept. */
  #letGo(): boolean {
    this.#isNone = true
    this.#held = []
    this.#heldBytes = this.#first = 0
    return true
  }

  #pass(bytes: Buffer): boolean {
    this.#heldBytes -= bytes.length
    if (this.#passedBytes < MOST_KEPT) this.#passed.push(bytes)
    this.#passedBytes += bytes.length
    return this.#outlet.write(bytes)
  }

  #whole(): unknown {
    return parseLatin1(Buffer.concat(this.held()).toString('latin1'))
  }

  /** The last report of usage in this text. Words of the caller may look like one, but not as a member of the answer itself. */
  #lookIn(text: string): Usage | undefined {
    const { usageMember, readUsage } = this.#rules
    let place = text.lastIndexOf(usageMember)
    while (place >= 0) {
      const value = valueAfter(text, place + usageMember.length)
      const end = value > 0 && text.charCodeAt(value) === OPEN ? objectEnd(text, value) : -1
      const isReport = end > 0 && standsOutermost(text, end)
      const usage = isReport ? readUsage(parseLatin1(text.slice(value, end))) : undefined
      if (usage !== undefined) return usage
      place = place === 0 ? -1 : text.lastIndexOf(usageMember, place - 1)
    }
    return undefined
  }
}

/** Some gateways say errors with status 200: nobody wrote anything, and the words are not for the caller as they are. */
function isAnswer(whole: unknown, contentMember: string): boolean {
  if (typeof whole !== 'object' || whole === null) return false
  const { error, [contentMember]: content } = whole as Readonly<Record<string, unknown>>
  return content !== undefined || (typeof error !== 'object' && typeof error !== 'string')
}

const OPEN = 0x7b
const CLOSE = 0x7d

/** The last bytes, enough for a report of usage. The one piece itself where that is short. */
function tailOf(held: readonly Buffer[]): Buffer {
  const last = held.at(-1) as Buffer
  if (held.length === 1 && last.length <= LONGEST_REPORT) return last
  if (held.length === 1 || last.length >= LONGEST_REPORT) return last.subarray(-LONGEST_REPORT)
  let bytes = 0
  let first = held.length
  while (first > 0 && bytes < LONGEST_REPORT) bytes += (held[--first] as Buffer).length
  return Buffer.concat(held.slice(first)).subarray(-LONGEST_REPORT)
}

/** Blank lines may come first: some providers send them while they work. */
function beginsObject(held: readonly Buffer[]): boolean {
  for (const bytes of held) {
    let at = 0
    while (at < bytes.length && (bytes[at] as number) <= 0x20) at++
    if (at < bytes.length) return bytes[at] === OPEN
  }
  return false
}

function endsObject(held: readonly Buffer[]): boolean {
  for (let piece = held.length - 1; piece >= 0; piece--) {
    const bytes = held[piece] as Buffer
    let at = bytes.length - 1
    while (at >= 0 && (bytes[at] as number) <= 0x20) at--
    if (at >= 0) return bytes[at] === CLOSE
  }
  return false
}
