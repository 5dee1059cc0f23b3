import { isObject } from '../json.ts'
import type { ProviderError } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'

/** OpenAI's `error`, and what those who speak its dialect make of it: a text, `message`, or FastAPI's `detail`. */
export function readError(body: JsonObject): ProviderError | undefined {
  const { error, message, detail } = body
  if (isObject(error)) {
    if (typeof error.message !== 'string') return undefined
    const type = typeof error.type === 'string' ? error.type : error.code
    return { message: error.message, type: typeof type === 'string' ? type : '' }
  }
  if (typeof error === 'string') return { message: error, type: '' }
  if (typeof message === 'string')
    return { message, type: typeof body.type === 'string' ? body.type : '' }
  return typeof detail === 'string' ? { message: detail, type: '' } : undefined
}
