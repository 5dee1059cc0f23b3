import { someOf, type Usage, type UsageParts, wholeTokens } from '../usage/usage.ts'
import type { Loose } from './dialect.ts'
import { isObject } from './judged.ts'

const NO_DETAILS: Loose = {}

export const detailsOf = (details: unknown): Loose => (isObject(details) ? details : NO_DETAILS)

interface Counted {
  readonly prompt: number
  readonly completion: number
  readonly input: Loose
  readonly output: Loose
}

/** A report of OpenAI's, whose two APIs give the same figures different names. */
export function usageOf(reported: Loose, { prompt, completion, input, output }: Counted): Usage {
  const usage: Usage = {
    prompt,
    completion,
    cached: wholeTokens(input.cached_tokens ?? reported.prompt_cache_hit_tokens),
    cacheWrite: wholeTokens(input.cache_write_tokens),
    cacheWrite1h: 0,
    reasoning: wholeTokens(output.reasoning_tokens),
    audioIn: wholeTokens(input.audio_tokens),
    audioOut: wholeTokens(output.audio_tokens),
    image: wholeTokens(input.image_tokens),
    estimated: false,
  }
  const isUsual =
    input.cached_tokens_details === undefined &&
    input.video_tokens === undefined &&
    output.image_tokens === undefined &&
    reported.citation_tokens === undefined &&
    reported.num_search_queries === undefined &&
    reported.server_tool_use === undefined &&
    reported.prompt_audio_seconds === undefined
  return isUsual ? usage : withRare(usage, reported, { input, output })
}

/** Figures of OpenAI's newer models, and of others that speak its dialect (Perplexity, OpenRouter, Mistral). */
function withRare(
  usage: Usage,
  reported: Loose,
  { input, output }: Pick<Counted, 'input' | 'output'>,
): Usage {
  const cached = detailsOf(input.cached_tokens_details)
  const tools = detailsOf(reported.server_tool_use)
  const parts: UsageParts = {
    cachedAudio: wholeTokens(cached.audio_tokens),
    cachedImage: wholeTokens(cached.image_tokens),
    video: wholeTokens(input.video_tokens),
    imageOut: wholeTokens(output.image_tokens),
    citation: wholeTokens(reported.citation_tokens),
  }
  const counted = {
    ...usage,
    ...(Object.values(parts).some((tokens) => tokens > 0) && { parts }),
    searches: someOf(reported.num_search_queries ?? tools.web_search_requests),
    seconds: secondsOf(reported.prompt_audio_seconds),
  }
  if (reported.num_search_queries === undefined && reported.citation_tokens === undefined) {
    return counted
  }
  // Perplexity counts its reasoning and its sources beside what was written, not in it.
  const reasoning = Math.max(usage.reasoning, wholeTokens(reported.reasoning_tokens))
  const beside = reasoning + (parts.citation ?? 0)
  return { ...counted, reasoning, completion: usage.completion + beside }
}

const MOST_SECONDS = 1e9

const secondsOf = (reported: unknown): number | undefined =>
  typeof reported === 'number' && reported > 0 ? Math.min(reported, MOST_SECONDS) : undefined
