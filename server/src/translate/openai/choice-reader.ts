import { isObject } from '../json.ts'
import type { Finish, NeutralEvent } from '../neutral/answer.ts'
import type { AssistantPart, Citation, JsonObject, ReasoningPart } from '../neutral/request.ts'
import { readAnnotations } from './annotations.ts'
import { readFinish } from './finishes.ts'
import { readExtra } from './gemini-marks.ts'
import { inputOf, readImages, readListed } from './read-answer.ts'
import { readDetail, reasoningText } from './reasoning.ts'

type Said = 'text' | 'reasoning' | 'refusal'

/** The text, reasoning or refusal that grows. Whatever else begins closes it. */
interface Growing {
  readonly kind: Said
  readonly part: number
  /** Which of the reasoning's details it is. */
  readonly detail: unknown
  /** Reasoning so far: some tell it a second time, whole, with its signature. */
  told: string
}

/** Stands for the number of a part to which nothing more can come. */
const CLOSED = -1

/** One choice of a stream of chunks. Calls stay open until it ends, since they may come in any order. */
export class ChoiceReader {
  readonly #choice: number
  readonly #idBefore: string
  readonly #calls = new Map<unknown, number>()
  #parts = 0
  #growing: Growing | undefined
  #hasRefusal = false
  #isFinished = false

  constructor(choice: number, answerId: string) {
    this.#choice = choice
    this.#idBefore = `call_${answerId}_${choice}_`
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  delta(delta: JsonObject, events: NeutralEvent[]): void {
    if (this.#isFinished) return
    const { content } = delta
    if (delta.reasoning_details !== undefined) this.#details(delta, events)
    else this.#grow('reasoning', reasoningText(delta), events)
    if (typeof content === 'string') this.#grow('text', content, events)
    else if (Array.isArray(content)) {
      for (const part of content.flatMap(readListed)) this.#grow(part.kind, part.text, events)
    }
    if (typeof delta.refusal === 'string') this.#grow('refusal', delta.refusal, events)
    if (delta.annotations !== undefined) this.cite(readAnnotations(delta.annotations), events)
    if (delta.images !== undefined)
      for (const image of readImages(delta.images)) this.#whole(image, events)
    if (Array.isArray(delta.tool_calls)) {
      for (const call of delta.tool_calls as readonly unknown[])
        if (isObject(call)) this.#call(call, call.index, events)
    }
    if (isObject(delta.function_call)) this.#call({ function: delta.function_call }, 'one', events)
    if (delta.extra_content !== undefined) this.#markText(delta, events)
  }

  logprobs(logprobs: JsonObject, events: NeutralEvent[]): void {
    events.push({ kind: 'logprobs', choice: this.#choice, logprobs })
  }

  /** Of the text that is open. */
  cite(citations: readonly Citation[], events: NeutralEvent[]): void {
    const growing = this.#growing
    if (citations.length === 0 || growing?.kind !== 'text') return
    events.push({
      kind: 'detail',
      choice: this.#choice,
      part: growing.part,
      detail: { citations },
    })
  }

  finish(reason: string, events: NeutralEvent[]): void {
    if (this.#isFinished) return
    this.close(events)
    this.#isFinished = true
    const finish: Finish = readFinish(reason, {
      calls: this.#calls.size > 0,
      refusal: this.#hasRefusal,
    })
    events.push({ kind: 'finish', choice: this.#choice, finish, stopSequence: undefined })
  }

  close(events: NeutralEvent[]): void {
    this.#stopGrowing(events)
    for (const [key, part] of this.#calls) {
      if (part === CLOSED) continue
      events.push({ kind: 'close', choice: this.#choice, part })
      this.#calls.set(key, CLOSED)
    }
  }

  #grow(kind: Said, text: string, events: NeutralEvent[], detail?: unknown): void {
    if (text === '') return
    let growing = this.#growing
    if (growing?.kind !== kind || (detail !== undefined && detail !== growing.detail)) {
      this.#stopGrowing(events)
      growing = { kind, part: this.#parts++, detail, told: '' }
      this.#growing = growing
      const opens: AssistantPart =
        kind === 'reasoning' ? { kind, text: '', mark: undefined } : { kind, text: '' }
      events.push({ kind: 'open', choice: this.#choice, part: growing.part, opens })
      if (kind === 'refusal') this.#hasRefusal = true
    }
    if (kind === 'reasoning') growing.told += text
    events.push({ kind: 'more', choice: this.#choice, part: growing.part, text })
  }

  #stopGrowing(events: NeutralEvent[]): void {
    if (this.#growing === undefined) return
    events.push({ kind: 'close', choice: this.#choice, part: this.#growing.part })
    this.#growing = undefined
  }

  /** A part that comes at once. */
  #whole(opens: AssistantPart, events: NeutralEvent[]): void {
    this.#stopGrowing(events)
    const part = this.#parts++
    events.push(
      { kind: 'open', choice: this.#choice, part, opens },
      { kind: 'close', choice: this.#choice, part },
    )
  }

  /** The same text may stand beside its details. */
  #details(delta: JsonObject, events: NeutralEvent[]): void {
    let isTold = false
    const details: readonly unknown[] = Array.isArray(delta.reasoning_details)
      ? delta.reasoning_details
      : []
    for (const detail of details) {
      const part = isObject(detail) ? readDetail(detail) : undefined
      if (part === undefined || !isObject(detail)) continue
      if (part.text !== '') isTold = true
      this.#detail(part, detail, events)
    }
    if (!isTold) this.#grow('reasoning', reasoningText(delta), events)
  }

  #detail(part: ReasoningPart, { type, index }: JsonObject, events: NeutralEvent[]): void {
    if (type === 'reasoning.encrypted') {
      this.#whole(part, events)
      return
    }
    const before = this.#growing
    const isRepeated = before?.kind === 'reasoning' && before.told === part.text
    if (!isRepeated) this.#grow('reasoning', part.text, events, index)
    const { mark } = part
    const growing = this.#growing
    if (mark === undefined) return
    if (growing?.kind === 'reasoning') {
      const detail = { mark }
      events.push({ kind: 'detail', choice: this.#choice, part: growing.part, detail })
      // One signature for each: what comes next is another one.
      this.#stopGrowing(events)
    } else this.#whole(part, events)
  }

  #call(call: JsonObject, key: unknown, events: NeutralEvent[]): void {
    const custom = isObject(call.custom) ? call.custom : undefined
    const called = custom ?? (isObject(call.function) ? call.function : undefined)
    const part = this.#calls.get(key) ?? this.#openCall(call, key, events)
    if (part === CLOSED || called === undefined) return
    const text = inputOf(custom === undefined ? called.arguments : custom.input)
    if (text !== '') events.push({ kind: 'more', choice: this.#choice, part, text })
  }

  /** @returns its part, or `CLOSED` for what has no name: nobody could answer it. */
  #openCall(call: JsonObject, key: unknown, events: NeutralEvent[]): number {
    const custom = isObject(call.custom)
    const called = custom ? call.custom : call.function
    if (!isObject(called) || typeof called.name !== 'string') return CLOSED
    this.#stopGrowing(events)
    const part = this.#parts++
    this.#calls.set(key, part)
    const mark = readExtra(call)
    const id =
      typeof call.id === 'string' && call.id !== ''
        ? call.id
        : `${this.#idBefore}${this.#calls.size - 1}`
    events.push({
      kind: 'open',
      choice: this.#choice,
      part,
      opens: { kind: 'tool_call', id, name: called.name, input: '', custom, mark },
    })
    return part
  }

  #markText(delta: JsonObject, events: NeutralEvent[]): void {
    const mark = readExtra(delta)
    const growing = this.#growing
    if (mark === undefined || growing?.kind !== 'text') return
    events.push({ kind: 'detail', choice: this.#choice, part: growing.part, detail: { mark } })
  }
}
