import { readUsage } from '../../dialects/responses.ts'
import { isObject } from '../json.ts'
import type { NeutralAnswer, ProviderError } from '../neutral/answer.ts'
import { type ForeignMark, unwrapMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject } from '../neutral/request.ts'
import { readAnnotations } from './annotations.ts'
import { readFinish } from './finish.ts'

/** A whole answer; `undefined`: it is none, or one that failed - `readError` says how. */
export function readAnswer(body: JsonObject): NeutralAnswer | undefined {
  const { id, model, output, status } = body
  if (!Array.isArray(output) || status === 'failed' || status === 'cancelled') return undefined
  const parts = output.flatMap((item: unknown) => (isObject(item) ? partsOf(item) : []))
  return {
    id: typeof id === 'string' ? id : '',
    model: typeof model === 'string' ? model : '',
    createdAt: createdAtOf(body),
    choices: [
      {
        index: 0,
        parts,
        finish: readFinish(body, has(parts)),
        stopSequence: undefined,
        logprobs: logprobsOf(output),
      },
    ],
    usage: readUsage(body.usage),
    serviceTier: tierOf(body),
  }
}

export const createdAtOf = ({ created_at }: JsonObject): number =>
  typeof created_at === 'number' && created_at > 0 ? Math.floor(created_at) : 0

export const tierOf = ({ service_tier }: JsonObject): string | undefined =>
  typeof service_tier === 'string' ? service_tier : undefined

const has = (parts: readonly AssistantPart[]) => ({
  calls: parts.some(({ kind }) => kind === 'tool_call'),
  refusal: parts.some(({ kind }) => kind === 'refusal'),
})

/** What an item of the output says to others; nothing, where it is about OpenAI's own tools. */
export function partsOf(item: JsonObject): readonly AssistantPart[] {
  switch (item.type) {
    case 'message':
      return Array.isArray(item.content) ? item.content.flatMap(contentPart) : []
    case 'reasoning': {
      const text = reasoningText(item)
      const mark = markOf(item)
      return text === '' && mark === undefined ? [] : [{ kind: 'reasoning', text, mark }]
    }
    case 'image_generation_call': {
      const { result } = item
      if (typeof result !== 'string' || result === '') return []
      return [
        { kind: 'image', source: { kind: 'bytes', mediaType: typeOfMade(item), base64: result } },
      ]
    }
    default: {
      const call = callOf(item)
      return call === undefined ? [] : [call]
    }
  }
}

/** Of an image that a model made. */
export const typeOfMade = ({ output_format }: JsonObject): string =>
  output_format === 'jpeg' || output_format === 'webp' ? `image/${output_format}` : 'image/png'

function contentPart(part: unknown): readonly AssistantPart[] {
  if (!isObject(part)) return []
  const { text, refusal } = part
  if (part.type === 'refusal' && typeof refusal === 'string') {
    return [{ kind: 'refusal', text: refusal }]
  }
  if (part.type !== 'output_text' || typeof text !== 'string') return []
  const citations = readAnnotations(part.annotations)
  return [citations.length === 0 ? { kind: 'text', text } : { kind: 'text', text, citations }]
}

/** The summary, or all of it with open models. */
export function reasoningText({ summary, content }: JsonObject): string {
  const list = Array.isArray(summary) && summary.length > 0 ? summary : content
  if (!Array.isArray(list)) return ''
  return list
    .flatMap((part: unknown) =>
      isObject(part) && typeof part.text === 'string' ? [part.text] : [],
    )
    .join('\n\n')
}

export function markOf({ encrypted_content, id }: JsonObject): ForeignMark | undefined {
  if (typeof encrypted_content !== 'string' || encrypted_content === '') return undefined
  const mark = unwrapMark(encrypted_content, 'responses')
  if (mark.value !== encrypted_content || typeof id !== 'string' || id === '') return mark
  return { ...mark, id }
}

/** `undefined`: the item is no call of the caller's tools. */
export function callOf(item: JsonObject) {
  const { type, call_id, name } = item
  const custom = type === 'custom_tool_call'
  if (!custom && type !== 'function_call') return undefined
  const id = typeof call_id === 'string' && call_id !== '' ? call_id : item.id
  if (typeof name !== 'string' || typeof id !== 'string' || id === '') return undefined
  const input = custom ? item.input : item.arguments
  const call = {
    kind: 'tool_call',
    id,
    name,
    input: typeof input === 'string' ? input : '',
  } as const
  return custom ? { ...call, custom } : call
}

function logprobsOf(output: readonly unknown[]): JsonObject | undefined {
  const contents = output.flatMap((item) => (isObject(item) ? item.content : undefined))
  const tokens = contents.flatMap((part: unknown): readonly unknown[] =>
    isObject(part) && Array.isArray(part.logprobs) ? part.logprobs : [],
  )
  return tokens.length === 0 ? undefined : { content: tokens, refusal: null }
}

/** `error` of a refusal, of an answer that failed, or of an event. */
export function readError(body: JsonObject): ProviderError | undefined {
  const { error } = body
  if (typeof error === 'string') return { message: error, type: '' }
  if (!isObject(error) || typeof error.message !== 'string') return undefined
  const type = [error.code, error.type].find((word) => typeof word === 'string' && word !== '')
  return { message: error.message, type: typeof type === 'string' ? type : '' }
}
