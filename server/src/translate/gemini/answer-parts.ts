import { randomUUID } from 'node:crypto'
import { isObject } from '../json.ts'
import { jsonOf } from '../json-text.ts'
import { kindOfType } from '../media-types.ts'
import { type ForeignMark, unwrapMark } from '../neutral/foreign-mark.ts'
import type { JsonObject, MediaPart, ToolCallPart } from '../neutral/request.ts'

export function answeredMark({ thoughtSignature }: JsonObject): ForeignMark | undefined {
  return typeof thoughtSignature === 'string' && thoughtSignature !== ''
    ? unwrapMark(thoughtSignature, 'gemini')
    : undefined
}

/** Ids for calls that come without: unlike any other in the conversation, and short enough for everybody. */
export function createAnswerIds(): (given: unknown, responseId: unknown) => string {
  let made = 0
  let own: string | undefined
  return (given, responseId) => {
    if (typeof given === 'string' && given !== '') return given
    own ??= (typeof responseId === 'string' ? responseId : randomUUID())
      .replace(/[^A-Za-z0-9]/g, '')
      .slice(0, 24)
    return `call_${own}_${made++}`
  }
}

/** `undefined`: the part is something else. */
export function answeredCall(
  part: JsonObject,
  idOf: (given: unknown) => string,
): ToolCallPart | undefined {
  const call = part.functionCall
  if (!isObject(call) || typeof call.name !== 'string') return undefined
  return {
    kind: 'tool_call',
    id: idOf(call.id),
    name: call.name,
    input: (isObject(call.args) ? jsonOf(call.args) : undefined) ?? '{}',
    mark: answeredMark(part),
  }
}

/** `undefined`: the part is something else. */
export function answeredMedia(part: JsonObject): MediaPart | undefined {
  const { inlineData } = part
  if (!isObject(inlineData)) return undefined
  const { mimeType, data } = inlineData
  if (typeof mimeType !== 'string' || typeof data !== 'string') return undefined
  return {
    kind: kindOfType(mimeType),
    source: { kind: 'bytes', mediaType: mimeType, base64: data },
    mark: answeredMark(part),
  }
}
