import type { Dialect, EventSays, Loose } from '../../dialects/dialect.ts'
import { isObject } from '../../dialects/judged.ts'
import { addUp, type Beside, type Usage, withBeside } from '../../usage/usage.ts'
import { HeldEnd } from './held-end.ts'
import type { Meter, Outlet, ProducedTexts, Seen } from './meter.ts'
import { dataOf, eachEvent } from './sse.ts'
import { WholeEvents } from './whole-events.ts'
import { Words } from './words.ts'

export interface EventExpectation {
  /** The stream is complete when so many choices have finished. */
  readonly choices: number
  readonly readEvent: NonNullable<Dialect['readEvent']>
  readonly readUsage: Dialect['readUsage']
  /** Frees a provider's error event of what the caller must not see. */
  readonly scrub: (text: string) => string
  /** Bytes of an event that holds a picture. */
  readonly longestEvent?: number | undefined
}

/** Meters an event stream by parsing each event, for dialects whose reports can't be told from a caller's words otherwise. */
export class EventMeter implements Meter {
  complete = false
  readonly #expected: EventExpectation
  readonly #events: WholeEvents
  readonly #words = new Words()
  readonly #end: HeldEnd
  #unfinished: number
  #ended = 0
  #usage: Loose | undefined
  #beside: Beside | undefined
  #knowsOutput = false
  #saidSomething = false
  #issuing: Loose | undefined

  constructor(outlet: Outlet, expected: EventExpectation) {
    this.#end = new HeldEnd(outlet)
    this.#expected = expected
    this.#events = new WholeEvents(expected.longestEvent)
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
    if (!this.complete && rest.length > 0) {
      // Some servers forget the last empty line; but half an event is never passed on.
      const isWhole = parsed(dataOf(rest.toString('utf8'))) !== undefined
      if (isWhole) this.#pass(Buffer.concat([rest, BREAK]))
    }
    return this.complete || this.#saidSomething
  }

  reported(): Usage | undefined {
    return this.#knowsOutput ? this.#readUsage() : undefined
  }

  reportedInput(): Usage | undefined {
    return this.#readUsage()
  }

  issuing(): Loose | undefined {
    return this.#issuing
  }

  #readUsage(): Usage | undefined {
    if (this.#usage === undefined) return undefined
    const usage = this.#expected.readUsage(this.#usage)
    return usage === undefined ? undefined : withBeside(usage, this.#beside)
  }

  beside(): Beside | undefined {
    return this.#beside
  }

  seen(): Seen {
    return { images: this.#ended }
  }

  produced(): ProducedTexts {
    return this.#words.produced()
  }

  held(): readonly Buffer[] {
    return this.#end.pieces
  }

  /** Passes whole events on: as they came, as long as none of them has to be edited or held. */
  #pass(bytes: Buffer): boolean {
    let flowing = true
    let from = 0
    for (const [start, end] of eachEvent(bytes)) {
      if (this.complete) break
      const text = bytes.toString('utf8', start, end)
      const event = parsed(dataOf(text))
      if (event === undefined) continue
      this.#saidSomething = true
      const says = this.#read(event)
      const isHeld = this.#ends(says)
      if (!isHeld && !says.isError && !says.isLast) continue
      // What came before it goes its way first.
      flowing = this.#send(bytes.subarray(from, start)) && flowing
      if (isHeld) this.#end.holding = true
      const passed = says.isError
        ? Buffer.from(this.#expected.scrub(text))
        : bytes.subarray(start, end)
      flowing = this.#send(passed) && flowing
      if (says.isLast) this.complete = true
      from = end
    }
    return this.complete ? flowing : this.#send(bytes.subarray(from)) && flowing
  }

  #read(event: Loose): EventSays {
    const { readEvent } = this.#expected
    const says = readEvent(event, this.#words.fresh)
    this.#words.settle()
    if (says.beside !== undefined) this.#beside = addUp(this.#beside, says.beside)
    if (says.issuing !== undefined) this.#issuing = says.issuing
    if (says.usage !== undefined) {
      this.#usage = (says.adds ? summed : merged)(this.#usage, says.usage)
      if (!says.isBeginning) this.#knowsOutput = true
    }
    return says
  }

  /** Whether the event is the one with which the answer is all there. */
  #ends({ ends, isLast }: EventSays): boolean {
    this.#unfinished -= ends
    this.#ended += ends
    return !this.#end.holding && (isLast || (ends > 0 && this.#unfinished <= 0))
  }

  #send(bytes: Buffer): boolean {
    const flowing = this.#end.send(bytes)
    if (this.#end.tooLong) this.complete = true
    return flowing
  }
}

const BREAK = Buffer.from('\n\n')

function parsed(text: string): Loose | undefined {
  if (text === '') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether all that was told is told again, as Gemini does with each event. */
function tellsAll(before: Loose, now: Loose): boolean {
  for (const name in before) if (now[name] === undefined || now[name] === null) return false
  return true
}

/** Later figures replace earlier ones; what is not told again stays as it was. */
function merged(before: Loose | undefined, now: Loose): Loose {
  if (before === undefined || tellsAll(before, now)) return now
  const both: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(now)) {
    if (value !== null && value !== undefined) both[name] = value
  }
  return both
}

/** Figures of several choices are added up, also those of their parts. */
function summed(before: Loose | undefined, now: Loose): Loose {
  if (before === undefined) return now
  const sum: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(now)) {
    const known = sum[name]
    if (typeof known === 'number' && typeof value === 'number') sum[name] = known + value
    else if (isObject(known) && isObject(value)) sum[name] = summed(known, value)
    else sum[name] = value
  }
  return sum
}
