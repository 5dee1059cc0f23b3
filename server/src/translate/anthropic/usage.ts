import type { Usage } from '../../usage/usage.ts'
import type { JsonObject } from '../neutral/request.ts'

export function writeUsage(usage: Usage, serviceTier: string | undefined): JsonObject {
  const written = usage.cacheWrite + usage.cacheWrite1h
  return {
    input_tokens: Math.max(usage.prompt - usage.cached - written, 0),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: usage.cached,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    output_tokens: usage.completion,
    output_tokens_details: usage.reasoning > 0 ? { thinking_tokens: usage.reasoning } : null,
    server_tool_use: usage.searches === undefined ? null : { web_search_requests: usage.searches },
    service_tier: serviceTier === 'priority' ? 'priority' : 'standard',
  }
}

/** The reports of a stream add up to the last one, but later ones may leave out what an earlier one told. */
export function mergedReport(earlier: JsonObject, later: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...earlier }
  for (const name of REPORTED) {
    const value = later[name]
    if (value !== undefined && value !== null) merged[name] = value
  }
  return merged
}

const REPORTED = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cache_creation',
  'output_tokens_details',
  'service_tier',
  'server_tool_use',
  'iterations',
  'speed',
  'inference_geo',
] as const
