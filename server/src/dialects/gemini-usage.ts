import {
  type Beside,
  type ServiceTier,
  serviceOf,
  someOf,
  type Usage,
  type UsageParts,
  wholeTokens,
} from '../usage/usage.ts'
import { type AnswerText, parsedAnswer } from './beside.ts'
import type { Loose } from './dialect.ts'
import { isObject } from './judged.ts'

/** Where the meter of a stream puts what candidates tell: no provider has a figure of that name. */
export const SEARCHES = 'turnpike searches'

/** Thoughts are counted apart from the answer, and what tools read apart from the prompt. */
export function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { promptTokenCount, candidatesTokenCount, totalTokenCount } = reported
  if (![promptTokenCount, candidatesTokenCount, totalTokenCount].some(isNumber)) return undefined
  const { promptTokensDetails, toolUsePromptTokensDetails, candidatesTokensDetails } = reported
  const reasoning = wholeTokens(reported.thoughtsTokenCount)
  const prompt = wholeTokens(promptTokenCount) + wholeTokens(reported.toolUsePromptTokenCount)
  const said = wholeTokens(candidatesTokenCount) + reasoning
  const input = (modality: string) =>
    ofModality(promptTokensDetails, modality) + ofModality(toolUsePromptTokensDetails, modality)
  const usage: Usage = {
    prompt,
    completion: Math.max(said, wholeTokens(wholeTokens(totalTokenCount) - prompt)),
    cached: wholeTokens(reported.cachedContentTokenCount),
    cacheWrite: 0,
    cacheWrite1h: 0,
    reasoning,
    audioIn: input('AUDIO'),
    audioOut: ofModality(candidatesTokensDetails, 'AUDIO'),
    image: input('IMAGE'),
    estimated: false,
  }
  const parts = partsOf(reported, input('VIDEO'))
  const service = servedWith(reported)
  const searches = someOf(reported[SEARCHES])
  if (parts === undefined && service === undefined && searches === undefined) return usage
  return { ...usage, parts, service, searches }
}

/** Cached film costs what other cached input does. */
function partsOf(reported: Loose, video: number): UsageParts | undefined {
  const { cacheTokensDetails, candidatesTokensDetails } = reported
  const parts = {
    cachedAudio: ofModality(cacheTokensDetails, 'AUDIO'),
    cachedImage: ofModality(cacheTokensDetails, 'IMAGE'),
    video: Math.max(0, video - ofModality(cacheTokensDetails, 'VIDEO')),
    imageOut: ofModality(candidatesTokensDetails, 'IMAGE'),
    videoOut: ofModality(candidatesTokensDetails, 'VIDEO'),
  }
  return Object.values(parts).some((tokens) => tokens > 0) ? parts : undefined
}

/** Google AI says it in `serviceTier`, Vertex AI in `trafficType` (`ON_DEMAND_FLEX`). */
function servedWith({ serviceTier, trafficType }: Loose): ServiceTier | undefined {
  const said = serviceTier ?? trafficType
  if (typeof said !== 'string') return undefined
  return serviceOf(said.toLowerCase().replace('on_demand_', ''))
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

function ofModality(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0
  let tokens = 0
  for (const one of details) {
    if (isObject(one) && one.modality === modality) tokens += wholeTokens(one.tokenCount)
  }
  return tokens
}

/** How often Google searched the web for one candidate. */
export function searchesIn({ groundingMetadata }: Loose): number {
  const queries = isObject(groundingMetadata) ? groundingMetadata.webSearchQueries : undefined
  return Array.isArray(queries) ? queries.length : 0
}

/** What was searched for stands beside the candidate's words. */
export function readBeside(_tail: string, answer?: AnswerText): Beside | undefined {
  const text = answer?.text()
  if (text?.includes('"webSearchQueries"') !== true) return undefined
  const candidates = parsedAnswer(text)?.candidates
  let searches = 0
  for (const one of Array.isArray(candidates) ? candidates : []) {
    if (isObject(one)) searches += searchesIn(one)
  }
  return searches === 0 ? undefined : { searches }
}
