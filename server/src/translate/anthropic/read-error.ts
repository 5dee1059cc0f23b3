import { isObject } from '../json.ts'
import type { ProviderError } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'

/**
 * `{"type":"error","error":{"type","message"}}`, in an answer as in a stream; or `{"message"}`, as Amazon writes it where it
 * hosts these models.
 */
export function readError(body: JsonObject): ProviderError | undefined {
  const error = body.error ?? body
  if (!isObject(error) || typeof error.message !== 'string') return undefined
  return { message: error.message, type: typeof error.type === 'string' ? error.type : '' }
}
