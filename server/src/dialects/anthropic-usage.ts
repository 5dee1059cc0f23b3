import { type ServiceTier, serviceOf, someOf, type Usage, wholeTokens } from '../usage/usage.ts'
import type { Loose } from './dialect.ts'
import { isObject } from './judged.ts'

/** Anthropic counts what its cache gave or took apart from the input; for us it is part of it. */
export function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { input_tokens, output_tokens, output_tokens_details, server_tool_use } = reported
  if (typeof input_tokens !== 'number' && typeof output_tokens !== 'number') return undefined
  const { input, written, forHour, cached, output } = figuresOf(reported)
  const usage: Usage = {
    prompt: input + cached + written,
    completion: output,
    cached,
    cacheWrite: written - forHour,
    cacheWrite1h: forHour,
    reasoning: isObject(output_tokens_details)
      ? wholeTokens(output_tokens_details.thinking_tokens)
      : 0,
    audioIn: 0,
    audioOut: 0,
    image: 0,
    estimated: false,
  }
  const service = servedWith(reported)
  if (service === undefined && !isObject(server_tool_use)) return usage
  const tools = isObject(server_tool_use) ? server_tool_use : {}
  return {
    ...usage,
    service,
    searches: someOf(tools.web_search_requests),
    codeRuns: someOf(tools.code_execution_requests),
  }
}

interface Figures {
  readonly input: number
  readonly cached: number
  /** For an hour too. */
  readonly written: number
  readonly forHour: number
  readonly output: number
}

/** What was read to compact a conversation, or to ask an adviser, is told for each round, and in no sum. */
function figuresOf(reported: Loose): Figures {
  const own = figuresOfRound(reported)
  const { iterations } = reported
  if (!Array.isArray(iterations)) return own
  return iterations.filter(isBeside).map(figuresOfRound).reduce(plus, own)
}

const isBeside = (round: unknown): round is Loose =>
  isObject(round) && (round.type === 'compaction' || round.type === 'advisor_message')

function figuresOfRound(reported: Loose): Figures {
  const { cache_creation } = reported
  const byAge: Loose = isObject(cache_creation) ? cache_creation : {}
  const hour = wholeTokens(byAge.ephemeral_1h_input_tokens)
  const written = Math.max(
    wholeTokens(reported.cache_creation_input_tokens),
    hour + wholeTokens(byAge.ephemeral_5m_input_tokens),
  )
  return {
    input: wholeTokens(reported.input_tokens),
    cached: wholeTokens(reported.cache_read_input_tokens),
    written,
    forHour: hour,
    output: wholeTokens(reported.output_tokens),
  }
}

const plus = (a: Figures, b: Figures): Figures => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  written: a.written + b.written,
  forHour: a.forHour + b.forHour,
  output: a.output + b.output,
})

/** How fast, where, and in which tier. */
function servedWith({ speed, inference_geo, service_tier }: Loose): ServiceTier | undefined {
  const isInUs = inference_geo === 'us'
  if (speed === 'fast') return isInUs ? 'fast_us' : 'fast'
  return isInUs ? 'us' : serviceOf(service_tier)
}
