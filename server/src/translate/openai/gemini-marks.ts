import { isObject } from '../json.ts'
import { type ForeignMark, unwrapMark, wrapMark } from '../neutral/foreign-mark.ts'
import type { JsonObject } from '../neutral/request.ts'

/**
 * Google's own chat completions put the signature of a thought beside the call or the text that it belongs to, in
 * `extra_content`; clients send it back with it. It is Gemini's whichever way it came.
 */
export function readExtra(holder: JsonObject): ForeignMark | undefined {
  const extra = holder.extra_content
  if (!isObject(extra) || !isObject(extra.google)) return undefined
  const signature = extra.google.thought_signature
  return typeof signature === 'string' && signature !== ''
    ? unwrapMark(signature, 'gemini')
    : undefined
}

export const extraContent = (mark: ForeignMark): JsonObject => ({
  google: { thought_signature: mark.issuer === 'gemini' ? mark.value : wrapMark(mark) },
})
