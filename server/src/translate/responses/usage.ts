import { type Usage, wholeTokens } from '../../usage/usage.ts'
import { isObject } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

export function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { input_tokens, output_tokens } = reported
  if (typeof input_tokens !== 'number' && typeof output_tokens !== 'number') return undefined
  const input = isObject(reported.input_tokens_details) ? reported.input_tokens_details : {}
  const output = isObject(reported.output_tokens_details) ? reported.output_tokens_details : {}
  return {
    prompt: wholeTokens(input_tokens),
    completion: wholeTokens(output_tokens),
    cached: wholeTokens(input.cached_tokens),
    cacheWrite: wholeTokens(input.cache_write_tokens),
    cacheWrite1h: 0,
    reasoning: wholeTokens(output.reasoning_tokens),
    audioIn: wholeTokens(input.audio_tokens),
    audioOut: wholeTokens(output.audio_tokens),
    image: wholeTokens(input.image_tokens),
    estimated: false,
  }
}

export const writeUsage = (usage: Usage): JsonObject => ({
  input_tokens: usage.prompt,
  input_tokens_details: {
    cached_tokens: usage.cached,
    cache_write_tokens: usage.cacheWrite + usage.cacheWrite1h,
  },
  output_tokens: usage.completion,
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: usage.prompt + usage.completion,
})
