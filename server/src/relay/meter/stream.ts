import type { Dialect } from '../../dialects/dialect.ts'
import { type Usage, withBeside } from '../../usage/usage.ts'
import { HeldEnd } from './held-end.ts'
import { objectEnd, parseLatin1, valueAfter, withoutMember } from './json-text.ts'
import type { Meter, Outlet, ProducedTexts } from './meter.ts'
import { Produced } from './produced.ts'
import { WholeEvents } from './whole-events.ts'

const FINISH = '"finish_reason"'
const USAGE = '"usage"'
const DELTA = '"delta"'
const CHOICES = '"choices"'
const ERROR = '"error"'
const DONE = '[DONE]'
const QUOTE = 0x22
const OPEN = 0x7b
const NULL = 0x6e
const BRACKET = 0x5b

export interface StreamExpectation {
  /** The stream is complete when so many choices have finished. */
  readonly choices: number
  /** Usage was asked for by us, not by the caller: it is taken out again. */
  readonly hideUsage: boolean
  readonly readUsage: Dialect['readUsage']
  readonly readBeside?: Dialect['readBeside']
  /** Frees a provider's error event of what the caller must not see. */
  readonly scrub: (text: string) => string
}

/** Meters an event stream by its bytes: no event is parsed, except the report of usage. */
export class StreamMeter implements Meter {
  complete = false
  readonly #outlet: Outlet
  readonly #expected: StreamExpectation
  readonly #events = new WholeEvents()
  readonly #produced = new Produced()
  readonly #end: HeldEnd
  #unfinished: number
  #usage: string | undefined
  /** The event with the report: it tells the tier of service, too. */
  #told = ''
  // Where the next of each stands in the chunk at hand, so that no stretch is searched twice.
  #finishAt = -1
  #usageAt = -1
  #deltaAt = -1
  #errorAt = -1

  constructor(outlet: Outlet, expected: StreamExpectation) {
    this.#outlet = outlet
    this.#end = new HeldEnd(outlet)
    this.#expected = expected
    this.#unfinished = expected.choices
  }

  get finished(): boolean {
    return this.#end.holding
  }

  chunk(bytes: Buffer): boolean {
    if (this.complete) return true
    const whole = this.#events.take(bytes)
    if (this.#events.tooLong) this.complete = true
    return whole === undefined || this.#pass(whole)
  }

  end(): boolean {
    const rest = this.#events.rest()
    if (this.complete) return true
    if (rest.length === 0) return this.#saidSomething
    // Some servers forget the last empty line; but half an event is never passed on.
    if (!saysSomething(rest.toString('latin1'))) return this.#end.holding
    this.#pass(Buffer.concat([rest, BREAK]))
    return true
  }

  get #saidSomething(): boolean {
    return this.#outlet.begun || this.#end.holding || this.#usage !== undefined
  }

  reported(): Usage | undefined {
    if (this.#usage === undefined) return undefined
    const { readUsage, readBeside } = this.#expected
    const usage = readUsage(parseLatin1(this.#usage))
    return usage === undefined ? undefined : withBeside(usage, readBeside?.(this.#told))
  }

  produced(): ProducedTexts {
    return this.#produced.texts()
  }

  held(): readonly Buffer[] {
    return this.#end.pieces
  }

  /** Passes whole events on: as they came, as long as none of them has to be edited or held. */
  #pass(bytes: Buffer): boolean {
    const text = bytes.toString('latin1')
    this.#finishAt = this.#usageAt = this.#deltaAt = this.#errorAt = -1
    let flowing = true
    let edited = ''
    let from = 0
    let at = 0
    const piece = (to: number) =>
      edited === ''
        ? bytes.subarray(from, to)
        : Buffer.from(edited + text.slice(from, to), 'latin1')
    while (at < text.length && !this.complete) {
      const end = eventEnd(text, at)
      const wasHolding = this.#end.holding
      const replaced = this.#event(text, at, end)
      if (this.#end.holding && !wasHolding) {
        const before = piece(at)
        if (before.length > 0) flowing = this.#outlet.write(before)
        edited = ''
        from = at
      }
      if (replaced !== undefined) {
        edited += text.slice(from, at) + replaced
        from = end
      }
      at = end
    }
    return this.#send(piece(at)) && flowing
  }

  #send(bytes: Buffer): boolean {
    const flowing = this.#end.send(bytes)
    if (this.#end.tooLong) this.complete = true
    return flowing
  }

  /** Looks at one event. What it returns stands in its place; `undefined`: it stays as it is. */
  #event(text: string, at: number, end: number): string | undefined {
    const payload = payloadOf(text, at, end)
    if (payload < 0) return undefined
    if (text.charCodeAt(payload) === BRACKET && text.startsWith(DONE, payload)) {
      this.complete = true
      this.#end.holding = true
      return undefined
    }
    this.#lookForFinish(text, at, end)
    this.#lookForDelta(text, at, end)
    if (this.#saysError(text, at, end)) return this.#expected.scrub(text.slice(at, end))
    this.#usageAt = nextMember(text, USAGE, this.#usageAt, at)
    return this.#usageAt < end ? this.#usageIn(text, at, end) : undefined
  }

  #lookForFinish(text: string, at: number, end: number) {
    let place = next(text, FINISH, this.#finishAt, at)
    while (place < end) {
      const value = valueAfter(text, place + FINISH.length)
      // Some servers write "" where they mean null.
      const says = text.charCodeAt(value) === QUOTE && text.charCodeAt(value + 1) !== QUOTE
      if (value > 0 && says && --this.#unfinished <= 0) this.#end.holding = true
      place = next(text, FINISH, -1, place + FINISH.length)
    }
    this.#finishAt = place
  }

  #lookForDelta(text: string, at: number, end: number) {
    const place = next(text, DELTA, this.#deltaAt, at)
    this.#deltaAt = place
    if (place >= end) return
    const value = valueAfter(text, place + DELTA.length)
    if (value > 0 && text.charCodeAt(value) === OPEN) this.#produced.collect(text.slice(value, end))
  }

  /** Whether the event has a member `error` that says something; providers differ in where they put it. */
  #saysError(text: string, at: number, end: number): boolean {
    const place = nextMember(text, ERROR, this.#errorAt, at)
    this.#errorAt = place
    if (place >= end) return false
    const value = valueAfter(text, place + ERROR.length)
    const first = text.charCodeAt(value)
    return value > 0 && (first === OPEN || first === QUOTE)
  }

  #usageIn(text: string, at: number, end: number): string | undefined {
    const name = this.#usageAt
    const value = valueAfter(text, name + USAGE.length)
    if (value < 0) return undefined
    if (text.charCodeAt(value) === OPEN) {
      const close = objectEnd(text, value)
      if (close < 0 || close > end) return undefined
      this.#usage = text.slice(value, close)
      this.#told = text.slice(at, end)
      return this.#expected.hideUsage && hasNoChoices(text, at, end) ? '' : undefined
    }
    if (!this.#expected.hideUsage || text.charCodeAt(value) !== NULL) return undefined
    return withoutMember(text, [at, end], [name, value + 4])
  }
}

/** Whether what came last is an event or a comment, not a piece of one. */
function saysSomething(text: string): boolean {
  const payload = payloadOf(text, 0, text.length)
  if (payload < 0) return text.trim() === '' || text.startsWith(':')
  return text.startsWith(DONE, payload) || parseLatin1(text.slice(payload)) !== undefined
}

const BREAK = Buffer.from('\n\n')

function next(text: string, wanted: string, known: number, from: number): number {
  if (known >= from) return known
  const found = text.indexOf(wanted, from)
  return found < 0 ? Number.POSITIVE_INFINITY : found
}

/** The next place where a member has the name: the end of a text can look like one, as in "the \\"usage". */
function nextMember(text: string, wanted: string, known: number, from: number): number {
  let place = next(text, wanted, known, from)
  while (place < text.length && valueAfter(text, place + wanted.length) < 0)
    place = next(text, wanted, -1, place + wanted.length)
  return place
}

/** One past the empty line that ends the event which begins at `at`. */
function eventEnd(text: string, at: number): number {
  const plain = text.indexOf('\n\n', at)
  if (plain >= 0) return plain + 2
  const returned = text.indexOf('\n\r\n', at)
  return returned < 0 ? text.length : returned + 3
}

/** Where the event's data begin; -1 for comments and the like. */
function payloadOf(text: string, at: number, end: number): number {
  let place = at
  if (!text.startsWith('data:', at)) {
    place = text.indexOf('\ndata:', at) + 1
    if (place <= 0 || place >= end) return -1
  }
  place += 5
  return text.charCodeAt(place) === 0x20 ? place + 1 : place
}

function hasNoChoices(text: string, at: number, end: number): boolean {
  const place = text.indexOf(CHOICES, at)
  if (place < 0 || place >= end) return true
  const value = valueAfter(text, place + CHOICES.length)
  if (text.charCodeAt(value) !== BRACKET) return true
  let close = value + 1
  while (text.charCodeAt(close) <= 0x20) close++
  return text.charCodeAt(close) === 0x5d
}
