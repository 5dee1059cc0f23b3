import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'
import type { Call } from './usage.ts'

/** What the call used, as a question after its price. */
function usageOf(call: Call) {
  const { cache_write_1h_tokens = 0, output_audio_tokens = 0, ...rare } = call.details
  const { job: _, ...details } = rare
  return {
    ...details,
    prompt_tokens: call.prompt_tokens,
    completion_tokens: call.completion_tokens,
    cached_tokens: call.cached_tokens,
    cache_write_5m_tokens: call.cache_write_tokens - cache_write_1h_tokens,
    cache_write_1h_tokens,
    audio_input_tokens: call.audio_tokens - output_audio_tokens,
    audio_output_tokens: output_audio_tokens,
    image_tokens: call.image_tokens,
    reasoning_tokens: call.reasoning_tokens,
  }
}

/** The computation of what such a call costs now, line by line. */
export const quoteQuery = (call: Call) =>
  queryOptions({
    queryKey: ['usage', 'quote', call.request_id],
    queryFn: ({ signal }) =>
      unwrap(
        api.POST('/api/price/quote', {
          body: { model: call.model_name, group: call.group, usage: usageOf(call) },
          signal,
        }),
      ),
    retry: false,
  })

export type Quote = Awaited<ReturnType<NonNullable<ReturnType<typeof quoteQuery>['queryFn']>>>
