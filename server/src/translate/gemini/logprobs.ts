import { isObject } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

/** Gemini's log probabilities, in the words of OpenAI, which is how answers keep them. */
export function readLogprobs(result: unknown): JsonObject | undefined {
  if (!isObject(result) || !Array.isArray(result.chosenCandidates)) return undefined
  const top: readonly unknown[] = Array.isArray(result.topCandidates) ? result.topCandidates : []
  const content = result.chosenCandidates.map((chosen: unknown, at) => {
    const candidates = top[at]
    const others: readonly unknown[] =
      isObject(candidates) && Array.isArray(candidates.candidates) ? candidates.candidates : []
    return { ...readToken(chosen), top_logprobs: others.map(readToken) }
  })
  return { content, refusal: null }
}

function readToken(candidate: unknown) {
  const { token, logProbability } = isObject(candidate) ? candidate : {}
  const text = typeof token === 'string' ? token : ''
  return {
    token: text,
    logprob: typeof logProbability === 'number' ? logProbability : 0,
    bytes: [...Buffer.from(text)],
  }
}

export function writeLogprobs(logprobs: JsonObject | undefined): JsonObject | undefined {
  const content: unknown = logprobs?.content
  if (!Array.isArray(content)) return undefined
  return {
    chosenCandidates: content.map(writeToken),
    topCandidates: content.map((token: unknown) => ({
      candidates:
        isObject(token) && Array.isArray(token.top_logprobs)
          ? token.top_logprobs.map(writeToken)
          : [],
    })),
  }
}

function writeToken(entry: unknown): JsonObject {
  const { token, logprob } = isObject(entry) ? entry : {}
  return { token, logProbability: logprob }
}
