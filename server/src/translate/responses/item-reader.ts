import { isObject } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import type { AssistantPart, JsonObject } from '../neutral/request.ts'
import { readAnnotation, readAnnotations } from './annotations.ts'
import { at, OpenParts } from './open-parts.ts'
import { callOf, markOf, partsOf, reasoningText } from './read-answer.ts'

const TEXT: AssistantPart = { kind: 'text', text: '' }
const REFUSAL: AssistantPart = { kind: 'refusal', text: '' }
const REASONING: AssistantPart = { kind: 'reasoning', text: '', mark: undefined }

/** What happens to the items of an answer. All of it appends what happened. */
export class ItemReader {
  readonly parts = new OpenParts()
  /** By their places in the output. */
  readonly #seen = new Set<unknown>()

  read(event: JsonObject, out: NeutralEvent[]): void {
    switch (event.type) {
      case 'response.output_text.delta':
        this.#more(event, TEXT, out)
        break
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        moreInput(this.parts, event, out)
        break
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        this.#more(event, REASONING, out)
        break
      case 'response.refusal.delta':
        this.#more(event, REFUSAL, out)
        break
      case 'response.output_item.added':
      case 'response.content_part.added':
        this.#begin(event, out)
        break
      case 'response.output_item.done':
        this.#end(event, out)
        break
      default:
        readDetail(this.parts, event, out)
    }
  }

  #begin(event: JsonObject, out: NeutralEvent[]): void {
    const opens = opensOf(event)
    if (opens === undefined) return
    this.#seen.add(event.output_index)
    this.parts.open(keyOf(event), opens, out)
  }

  #more(event: JsonObject, opens: AssistantPart, out: NeutralEvent[]): void {
    const { delta, output_index, content_index, logprobs } = event
    if (typeof delta !== 'string') return
    const key = at(output_index, opens === REASONING ? 0 : content_index)
    if (!this.parts.more(key, delta, out)) {
      // Some providers begin at once.
      this.#seen.add(output_index)
      this.parts.open(key, opens, out)
      this.parts.more(key, delta, out)
    }
    if (Array.isArray(logprobs) && logprobs.length > 0) {
      out.push({ kind: 'logprobs', choice: 0, logprobs: { content: logprobs, refusal: null } })
    }
  }

  #end({ item, output_index }: JsonObject, out: NeutralEvent[]): void {
    if (!isObject(item)) return
    if (!this.#seen.has(output_index)) {
      this.#seen.add(output_index)
      for (const part of partsOf(item)) this.parts.whole(part, out)
      return
    }
    const key = at(output_index, 0)
    if (item.type === 'reasoning') {
      this.parts.fill(key, reasoningText(item), out)
      this.parts.mark(key, markOf(item), out)
    } else if (item.type !== 'message') this.parts.fill(key, callOf(item)?.input, out)
    this.parts.closeItem(output_index, out)
  }

  /** The output as the last event has it: what of it was never streamed. */
  readWhole(output: readonly unknown[], out: NeutralEvent[]): void {
    for (const [output_index, item] of output.entries()) {
      if (!this.#seen.has(output_index)) this.#end({ item, output_index }, out)
    }
  }
}

const keyOf = ({ output_index, content_index }: JsonObject): number =>
  at(output_index, content_index)

/** What is opened by an event; `undefined`: nothing that others know, or reasoning, which may turn out to be empty. */
function opensOf({ item, part }: JsonObject): AssistantPart | undefined {
  if (isObject(part)) {
    return part.type === 'refusal' ? REFUSAL : part.type === 'output_text' ? TEXT : undefined
  }
  if (!isObject(item)) return undefined
  const call = callOf(item)
  return call && { ...call, input: '' }
}

function moreInput(
  parts: OpenParts,
  { delta, output_index }: JsonObject,
  out: NeutralEvent[],
): void {
  if (typeof delta === 'string') parts.more(at(output_index, 0), delta, out)
}

/** What comes less often than texts. */
function readDetail(parts: OpenParts, event: JsonObject, out: NeutralEvent[]): void {
  const { part } = event
  switch (event.type) {
    case 'response.reasoning_summary_part.added':
      if (event.summary_index !== 0) parts.more(at(event.output_index, 0), '\n\n', out)
      break
    case 'response.output_text.annotation.added': {
      const citation = readAnnotation(event.annotation)
      if (citation !== undefined) parts.cite(keyOf(event), citation, out)
      break
    }
    case 'response.content_part.done':
      if (!isObject(part) || (part.type !== 'output_text' && part.type !== 'refusal')) break
      parts.fill(keyOf(event), part.type === 'refusal' ? part.refusal : part.text, out)
      parts.citeAll(keyOf(event), readAnnotations(part.annotations), out)
      parts.close(keyOf(event), out)
      break
  }
}
