import { detailsOf } from './details.ts'
import type { UsageRow } from './logs.ts'
import type { Usage } from './usage.ts'

/** What a call used, as its record tells it: what `recordOf` of relay/settle.ts wrote. */
export function usageOfRecord(row: UsageRow): Usage {
  const details = detailsOf(row.details)
  const { cache_write_1h_tokens: cacheWrite1h = 0, output_audio_tokens: audioOut = 0 } = details
  return {
    prompt: row.prompt_tokens,
    completion: row.completion_tokens,
    cached: row.cached_tokens,
    cacheWrite: row.cache_write_tokens - cacheWrite1h,
    cacheWrite1h,
    reasoning: row.reasoning_tokens,
    audioIn: row.audio_tokens - audioOut,
    audioOut,
    image: row.image_tokens,
    estimated: row.estimated === 1,
    parts: {
      cachedAudio: details.cached_audio_tokens ?? 0,
      cachedImage: details.cached_image_tokens ?? 0,
      video: details.video_tokens ?? 0,
      imageOut: details.output_image_tokens ?? 0,
      videoOut: details.output_video_tokens ?? 0,
      citation: details.citation_tokens ?? 0,
    },
    seconds: details.seconds,
    images: details.images,
    searches: details.searches,
    fileSearches: details.file_searches,
    codeRuns: details.code_runs,
    service: details.service,
  }
}
