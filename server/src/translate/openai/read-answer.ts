import { openai } from '../../dialects/openai.ts'
import { wholeTokens } from '../../usage/usage.ts'
import { append } from '../append.ts'
import { sourceOfDataUrl } from '../data-url.ts'
import { isObject } from '../json.ts'
import { jsonOf } from '../json-text.ts'
import type { Choice, NeutralAnswer } from '../neutral/answer.ts'
import type {
  AssistantPart,
  Citation,
  JsonObject,
  MediaPart,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from '../neutral/request.ts'
import { readAnnotations } from './annotations.ts'
import { readFinish } from './finishes.ts'
import { readExtra } from './gemini-marks.ts'
import { readReasoning } from './reasoning.ts'

/** A completion, as far as it can be understood. */
export function readAnswer(body: JsonObject): NeutralAnswer | undefined {
  if (!Array.isArray(body.choices)) return undefined
  const id = textOf(body.id)
  const choices: Choice[] = []
  for (const given of body.choices as readonly unknown[]) {
    if (isObject(given) && isObject(given.message))
      choices.push(readChoice(given, given.message, { id, at: choices.length, body }))
  }
  return {
    id,
    model: textOf(body.model),
    createdAt: wholeTokens(body.created),
    choices,
    usage: openai.readUsage(body.usage),
    serviceTier: typeof body.service_tier === 'string' ? body.service_tier : undefined,
  }
}

interface Around {
  readonly id: string
  readonly at: number
  readonly body: JsonObject
}

function readChoice(choice: JsonObject, message: JsonObject, { id, at, body }: Around): Choice {
  const parts: AssistantPart[] = readReasoning(message)
  append(parts, readSaid(message, readSources(body)))
  const refusal = textOf(message.refusal)
  if (refusal !== '') parts.push({ kind: 'refusal', text: refusal })
  append(parts, readImages(message.images))
  const calls = readCalls(message, `call_${id}_${at}`)
  append(parts, calls)
  return {
    index: at,
    parts,
    finish: readFinish(choice.finish_reason, {
      calls: calls.length > 0,
      refusal: refusal !== '',
    }),
    stopSequence: undefined,
    logprobs: isObject(choice.logprobs) ? choice.logprobs : undefined,
  }
}

/** Perplexity tells its sources beside the choices. */
function readSources({ citations }: JsonObject): Citation[] {
  if (!Array.isArray(citations)) return []
  const urls: readonly unknown[] = citations
  return urls.filter((url) => typeof url === 'string').map((url) => ({ url }))
}

/** A text; Mistral's reasoning models answer with a list of thinking and texts. */
function readSaid(message: JsonObject, sources: readonly Citation[]): AssistantPart[] {
  const { content } = message
  if (Array.isArray(content)) return content.flatMap(readListed)
  if (typeof content !== 'string' || content === '') return []
  const citations = [...readAnnotations(message.annotations), ...sources]
  const mark = readExtra(message)
  const part: TextPart = { kind: 'text', text: content }
  if (citations.length === 0 && mark === undefined) return [part]
  return [{ ...part, ...(citations.length > 0 && { citations }), ...(mark && { mark }) }]
}

/** One member of such a list. */
export function readListed(part: unknown): readonly (TextPart | ReasoningPart)[] {
  if (!isObject(part)) return []
  if (part.type === 'text' && typeof part.text === 'string')
    return [{ kind: 'text', text: part.text }]
  if (part.type !== 'thinking') return []
  const thoughts: readonly unknown[] = Array.isArray(part.thinking) ? part.thinking : []
  const text = thoughts.map((thought) => (isObject(thought) ? textOf(thought.text) : '')).join('')
  return text === '' ? [] : [{ kind: 'reasoning', text, mark: undefined }]
}

/** OpenRouter's images that a model made. */
export function readImages(value: unknown): MediaPart[] {
  if (!Array.isArray(value)) return []
  const images: MediaPart[] = []
  for (const given of value as readonly unknown[]) {
    const url = isObject(given) && isObject(given.image_url) ? given.image_url.url : undefined
    const source = typeof url === 'string' ? sourceOfDataUrl(url) : undefined
    if (source !== undefined) images.push({ kind: 'image', source })
  }
  return images
}

function readCalls(message: JsonObject, idBefore: string): ToolCallPart[] {
  const calls: ToolCallPart[] = []
  const given: readonly unknown[] = Array.isArray(message.tool_calls) ? message.tool_calls : []
  for (const value of given) {
    const call = isObject(value) ? readCall(value, `${idBefore}_${calls.length}`) : undefined
    if (call !== undefined) calls.push(call)
  }
  if (isObject(message.function_call)) {
    const call = readCall({ function: message.function_call }, `${idBefore}_${calls.length}`)
    if (call !== undefined) calls.push(call)
  }
  return calls
}

function readCall(value: JsonObject, id: string): ToolCallPart | undefined {
  const custom = isObject(value.custom) ? value.custom : undefined
  const called = custom ?? value.function
  if (!isObject(called) || typeof called.name !== 'string') return undefined
  const call: ToolCallPart = {
    kind: 'tool_call',
    id: textOf(value.id) || id,
    name: called.name,
    input: custom === undefined ? inputOf(called.arguments) : textOf(custom.input),
    custom: custom !== undefined,
  }
  const mark = readExtra(value)
  return mark === undefined ? call : { ...call, mark }
}

/** Ollama and others send the object itself. */
export const inputOf = (value: unknown): string =>
  isObject(value) ? (jsonOf(value) ?? '') : textOf(value)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
