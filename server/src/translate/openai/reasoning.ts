import { isObject, parsedJson } from '../json.ts'
import { jsonOf } from '../json-text.ts'
import { unwrapMark, wrapMark } from '../neutral/foreign-mark.ts'
import type { JsonObject, ReasoningPart } from '../neutral/request.ts'

/**
 * Reasoning has no place in OpenAI's own chat completions. Others put it there in two ways: `reasoning_content` (DeepSeek
 * and many more; `reasoning` with OpenRouter and vLLM) is its text, `reasoning_details` (OpenRouter) has signatures, too.
 * A mark of this dialect is such a detail without its text, as JSON, since all of it is wanted back.
 */
export function readReasoning(message: JsonObject): ReasoningPart[] {
  const parts: ReasoningPart[] = []
  if (Array.isArray(message.reasoning_details)) {
    for (const detail of message.reasoning_details as readonly unknown[]) {
      const part = isObject(detail) ? readDetail(detail) : undefined
      if (part !== undefined) parts.push(part)
    }
  }
  const told = reasoningText(message)
  if (parts.length === 0)
    return told === '' ? parts : [{ kind: 'reasoning', text: told, mark: undefined }]
  return parts
}

/** The text of a message or of a bit of one. */
export function reasoningText({ reasoning_content, reasoning }: JsonObject): string {
  if (typeof reasoning_content === 'string' && reasoning_content !== '') return reasoning_content
  return typeof reasoning === 'string' ? reasoning : ''
}

/** @returns `undefined` where there is neither a text nor a mark. */
export function readDetail(detail: JsonObject): ReasoningPart | undefined {
  const { text, summary, ...rest } = detail
  const told = typeof text === 'string' ? text : typeof summary === 'string' ? summary : ''
  const signature = detail.type === 'reasoning.encrypted' ? detail.data : detail.signature
  if (typeof signature !== 'string' || signature === '')
    return told === '' ? undefined : { kind: 'reasoning', text: told, mark: undefined }
  const mark = unwrapMark(signature, 'openai')
  const isRaw = mark.issuer === 'openai' && mark.value === signature
  return {
    kind: 'reasoning',
    text: told,
    mark: isRaw ? { issuer: 'openai', value: jsonOf(rest) ?? '' } : mark,
  }
}

/** @param index counted within the message. */
export function writeDetail({ text, mark }: ReasoningPart, index: number): JsonObject {
  if (mark === undefined) return { type: 'reasoning.text', text, index }
  if (mark.issuer === 'openai') {
    const own = parsedJson(mark.value)
    if (isObject(own)) return withText(own, text)
  }
  return text === ''
    ? { type: 'reasoning.encrypted', data: wrapMark(mark), index }
    : { type: 'reasoning.text', text, signature: wrapMark(mark), index }
}

function withText(detail: JsonObject, text: string): JsonObject {
  if (text === '') return detail
  return detail.type === 'reasoning.summary' ? { ...detail, summary: text } : { ...detail, text }
}
