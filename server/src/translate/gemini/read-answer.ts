import { readUsage } from '../../dialects/gemini-usage.ts'
import { isObject } from '../json.ts'
import type { Choice, NeutralAnswer, ProviderError } from '../neutral/answer.ts'
import type { AssistantPart, JsonObject } from '../neutral/request.ts'
import { answeredCall, answeredMark, answeredMedia, createAnswerIds } from './answer-parts.ts'
import { readFinish } from './finish.ts'
import { readGrounding } from './grounding.ts'
import { readLogprobs } from './logprobs.ts'
import { appendSaid } from './model-turn.ts'

/** A whole answer of `generateContent`; `undefined`: it is none. */
export function readAnswer(body: JsonObject): NeutralAnswer | undefined {
  const { candidates, promptFeedback, modelVersion } = body
  const listed = Array.isArray(candidates) ? candidates.filter(isObject) : []
  if (listed.length === 0 && !isBlocked(promptFeedback)) return undefined
  const makeId = createAnswerIds()
  const idOf = (given: unknown) => makeId(given, body.responseId)
  return {
    id: idOfAnswer(body),
    model: typeof modelVersion === 'string' ? modelVersion : '',
    createdAt: createdAtOf(body),
    choices:
      listed.length === 0 ? [BLOCKED] : listed.map((one, at) => readCandidate(one, at, idOf)),
    usage: readUsage(body.usageMetadata),
    serviceTier: undefined,
  }
}

export const idOfAnswer = ({ responseId }: JsonObject): string =>
  typeof responseId === 'string' ? responseId : ''

export function createdAtOf({ createTime }: JsonObject): number {
  const ms = typeof createTime === 'string' ? Date.parse(createTime) : Number.NaN
  return Number.isFinite(ms) && ms > 0 ? Math.floor(ms / 1000) : 0
}

export const isBlocked = (feedback: unknown): boolean =>
  isObject(feedback) && typeof feedback.blockReason === 'string'

/** What a prompt is answered with that Gemini does not let through: no candidate at all. */
const BLOCKED: Choice = {
  index: 0,
  parts: [],
  finish: 'content_filter',
  stopSequence: undefined,
  logprobs: undefined,
}

function readCandidate(
  candidate: JsonObject,
  at: number,
  idOf: (given: unknown) => string,
): Choice {
  const { content, index, finishReason } = candidate
  const told: unknown = isObject(content) ? content.parts : undefined
  const parts: AssistantPart[] = []
  // Where each of Gemini's parts went: citations name them by their place.
  const places: number[] = []
  for (const part of Array.isArray(told) ? told : []) {
    if (isObject(part)) addPart(parts, part, idOf)
    places.push(parts.length - 1)
  }
  cite(parts, candidate, places)
  return {
    index: typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 ? index : at,
    parts,
    finish: readFinish(
      finishReason,
      parts.some(({ kind }) => kind === 'tool_call'),
    ),
    stopSequence: undefined,
    logprobs: readLogprobs(candidate.logprobsResult),
  }
}

function addPart(parts: AssistantPart[], part: JsonObject, idOf: (given: unknown) => string): void {
  const { text, thought } = part
  const read = answeredCall(part, idOf) ?? answeredMedia(part)
  if (read !== undefined) {
    parts.push(read)
    return
  }
  const mark = answeredMark(part)
  if (typeof text !== 'string' && mark === undefined) return
  appendSaid(parts, typeof text === 'string' ? text : '', { thought: thought === true, mark })
}

function cite(parts: AssistantPart[], candidate: JsonObject, places: readonly number[]): void {
  if (!isObject(candidate.groundingMetadata) && !isObject(candidate.citationMetadata)) return
  const textAt = (place: number | undefined) => {
    const part = place === undefined ? undefined : parts[place]
    return part?.kind === 'text' ? part : undefined
  }
  for (const [of, citations] of readGrounding(candidate, (part) => textAt(places[part])?.text)) {
    const place = places[of]
    const part = textAt(place)
    if (part !== undefined && place !== undefined) parts[place] = { ...part, citations }
  }
}

/** `{"error": {code, message, status}}`, also inside the list that streams without SSE are. */
export function readError(body: JsonObject): ProviderError | undefined {
  const { error } = body
  if (typeof error === 'string') return { message: error, type: '' }
  if (!isObject(error) || typeof error.message !== 'string') return undefined
  return { message: error.message, type: typeof error.status === 'string' ? error.status : '' }
}
