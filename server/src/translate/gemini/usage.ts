import { type Usage, wholeTokens } from '../../usage/usage.ts'
import { isObject } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

/** `usageMetadata`: thoughts are told apart from the answer, results of Google's tools apart from the prompt. */
export function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { promptTokenCount, candidatesTokenCount, totalTokenCount } = reported
  if (typeof promptTokenCount !== 'number' && typeof totalTokenCount !== 'number') return undefined
  const prompt = wholeTokens(promptTokenCount) + wholeTokens(reported.toolUsePromptTokenCount)
  const reasoning = wholeTokens(reported.thoughtsTokenCount)
  return {
    prompt,
    completion: Math.max(
      wholeTokens(candidatesTokenCount) + reasoning,
      wholeTokens(wholeTokens(totalTokenCount) - prompt),
    ),
    cached: wholeTokens(reported.cachedContentTokenCount),
    cacheWrite: 0,
    cacheWrite1h: 0,
    reasoning,
    audioIn: ofModality(reported.promptTokensDetails, 'AUDIO'),
    audioOut: ofModality(reported.candidatesTokensDetails, 'AUDIO'),
    image: ofModality(reported.promptTokensDetails, 'IMAGE'),
    estimated: false,
  }
}

function ofModality(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0
  const found: unknown = details.find((one) => isObject(one) && one.modality === modality)
  return isObject(found) ? wholeTokens(found.tokenCount) : 0
}

export function writeUsage(usage: Usage): JsonObject {
  const { prompt, completion, cached, reasoning } = usage
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: Math.max(completion - reasoning, 0),
    totalTokenCount: prompt + completion,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    promptTokensDetails: details(prompt, { AUDIO: usage.audioIn, IMAGE: usage.image }),
    ...(usage.audioOut > 0 && {
      candidatesTokensDetails: details(completion - reasoning, { AUDIO: usage.audioOut }),
    }),
  }
}

function details(all: number, others: Readonly<Record<string, number>>): readonly JsonObject[] {
  let text = all
  const out: JsonObject[] = []
  for (const [modality, tokenCount] of Object.entries(others)) {
    if (tokenCount === 0) continue
    text -= tokenCount
    out.push({ modality, tokenCount })
  }
  return [{ modality: 'TEXT', tokenCount: Math.max(text, 0) }, ...out]
}
