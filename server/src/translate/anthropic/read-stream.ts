import { readUsage } from '../../dialects/anthropic-usage.ts'
import { append } from '../append.ts'
import type { StreamReader } from '../codec.ts'
import { isObject, parsedJson } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import { unwrapMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject } from '../neutral/request.ts'
import { readCitation } from './citations.ts'
import { readFinish } from './finishes.ts'
import { readBlock, readTier, refusalOf } from './read-answer.ts'
import { readError } from './read-error.ts'
import { mergedReport } from './usage.ts'

/** A block that is open, under the number that the provider gives it. */
interface OpenBlock {
  readonly part: number
  /** What a tool is called with, where it came at once and not bit by bit. */
  whole: string
}

const NOTHING: readonly NeutralEvent[] = []

/** Blocks of tools that the provider ran are passed over. */
export class AnthropicStreamReader implements StreamReader {
  readonly #open = new Map<unknown, OpenBlock>()
  #id = ''
  #parts = 0
  #report: JsonObject = {}

  read(_name: string, text: string): readonly NeutralEvent[] {
    const event = parsedJson(text)
    if (!isObject(event)) return NOTHING
    switch (event.type) {
      case 'content_block_delta': {
        const block = this.#open.get(event.index)
        return block !== undefined && isObject(event.delta)
          ? readDelta(block, event.delta)
          : NOTHING
      }
      case 'message_start':
        return isObject(event.message) ? this.#start(event.message) : NOTHING
      case 'content_block_start':
        return this.#openBlock(event)
      case 'content_block_stop':
        return this.#closeBlock(event.index)
      case 'message_delta':
        return this.#finish(event)
      case 'error': {
        const error = readError(event)
        return error === undefined ? NOTHING : [{ kind: 'failed', error }]
      }
      default:
        return NOTHING
    }
  }

  end(): readonly NeutralEvent[] {
    return this.#open.size === 0 ? NOTHING : this.#closeAll()
  }

  #start(message: JsonObject): readonly NeutralEvent[] {
    this.#id = textOf(message.id)
    if (isObject(message.usage)) this.#report = message.usage
    const usage = readUsage(this.#report)
    return [{ kind: 'start', id: this.#id, model: textOf(message.model), createdAt: 0, usage }]
  }

  #openBlock({ index, content_block }: JsonObject): readonly NeutralEvent[] {
    if (!isObject(content_block) || this.#open.has(index)) return NOTHING
    const opens = readBlock(content_block, `toolu_${this.#id}_${this.#parts}`)
    if (opens === undefined) return NOTHING
    const part = this.#parts++
    const { empty, filled } = emptied(opens)
    const isCall = opens.kind === 'tool_call'
    this.#open.set(index, { part, whole: isCall ? filled : '' })
    const opened: NeutralEvent = { kind: 'open', choice: 0, part, opens: empty }
    return filled === '' || isCall
      ? [opened]
      : [opened, { kind: 'more', choice: 0, part, text: filled }]
  }

  #closeBlock(index: unknown): readonly NeutralEvent[] {
    const block = this.#open.get(index)
    if (block === undefined) return NOTHING
    this.#open.delete(index)
    const { part, whole } = block
    const close: NeutralEvent = { kind: 'close', choice: 0, part }
    return whole === '' ? [close] : [{ kind: 'more', choice: 0, part, text: whole }, close]
  }

  #closeAll(): NeutralEvent[] {
    return Array.from(this.#open.keys()).flatMap((index) => this.#closeBlock(index))
  }

  #finish(event: JsonObject): readonly NeutralEvent[] {
    if (isObject(event.usage)) this.#report = mergedReport(this.#report, event.usage)
    const usage = readUsage(this.#report)
    const events: NeutralEvent[] =
      usage === undefined ? [] : [{ kind: 'usage', usage, serviceTier: readTier(this.#report) }]
    const delta = isObject(event.delta) ? event.delta : {}
    if (typeof delta.stop_reason !== 'string') return events
    append(events, this.#closeAll())
    append(events, this.#refused(refusalOf(delta.stop_details)))
    const stopSequence = typeof delta.stop_sequence === 'string' ? delta.stop_sequence : undefined
    events.push({ kind: 'finish', choice: 0, finish: readFinish(delta.stop_reason), stopSequence })
    return events
  }

  #refused(explanation: string): readonly NeutralEvent[] {
    if (explanation === '') return NOTHING
    const part = this.#parts++
    return [
      { kind: 'open', choice: 0, part, opens: { kind: 'refusal', text: '' } },
      { kind: 'more', choice: 0, part, text: explanation },
      { kind: 'close', choice: 0, part },
    ]
  }
}

function readDelta(block: OpenBlock, delta: JsonObject): readonly NeutralEvent[] {
  const { part } = block
  switch (delta.type) {
    case 'text_delta':
      return more(part, delta.text)
    case 'thinking_delta':
      return more(part, delta.thinking)
    case 'input_json_delta':
      if (typeof delta.partial_json === 'string' && delta.partial_json !== '') block.whole = ''
      return more(part, delta.partial_json)
    case 'signature_delta': {
      if (typeof delta.signature !== 'string' || delta.signature === '') return NOTHING
      const mark = unwrapMark(delta.signature, 'anthropic')
      return [{ kind: 'detail', choice: 0, part, detail: { mark } }]
    }
    case 'citations_delta': {
      const citation = readCitation(delta.citation)
      if (citation === undefined) return NOTHING
      return [{ kind: 'detail', choice: 0, part, detail: { citations: [citation] } }]
    }
    default:
      return NOTHING
  }
}

const more = (part: number, given: unknown): readonly NeutralEvent[] =>
  typeof given === 'string' && given !== ''
    ? [{ kind: 'more', choice: 0, part, text: given }]
    : NOTHING

/** A block as it is opened, and what it held already. */
function emptied(part: AssistantPart): { readonly empty: AssistantPart; readonly filled: string } {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { empty: { ...part, text: '' }, filled: part.text }
    case 'tool_call':
      return { empty: { ...part, input: '' }, filled: part.input }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return { empty: part, filled: '' }
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
