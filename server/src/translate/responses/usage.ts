import type { Usage } from '../../usage/usage.ts'
import type { JsonObject } from '../neutral/request.ts'

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
