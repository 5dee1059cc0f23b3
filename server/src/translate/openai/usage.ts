import type { Usage } from '../../usage/usage.ts'
import type { JsonObject } from '../neutral/request.ts'

/** `usage` of an answer; `dialects/openai.ts` reads it. */
export function writeUsage(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    total_tokens: usage.prompt + usage.completion,
    prompt_tokens_details: {
      cached_tokens: usage.cached,
      cache_write_tokens: usage.cacheWrite + usage.cacheWrite1h,
      audio_tokens: usage.audioIn,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: usage.audioOut,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
