import type { Feature } from '../features.ts'
import { flagAt, numberAt, objectAt, oneOfAt, wrong } from '../json.ts'
import type { JsonObject, ReasoningWish, Sampling } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'

/** Penalties of 0, which many clients send, are none. */
export function readSampling(body: JsonObject, uses: Uses): Sampling {
  const temperature = numberFrom(body, 'temperature', [0, 2])
  const topP = numberFrom(body, 'top_p', [0, 1])
  const topK = numberFrom(body, 'top_k', [-1, Number.MAX_SAFE_INTEGER])
  const frequencyPenalty = numberFrom(body, 'frequency_penalty', [-2, 2])
  const presencePenalty = numberFrom(body, 'presence_penalty', [-2, 2])
  const seed = numberFrom(body, 'seed', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])
  const sampling: { -readonly [option in keyof Sampling]: Sampling[option] } = {}
  if (temperature !== undefined) sampling.temperature = temperature
  if (topP !== undefined) sampling.topP = topP
  if (topK !== undefined && topK > 0) sampling.topK = Math.ceil(topK)
  if (frequencyPenalty) sampling.frequencyPenalty = frequencyPenalty
  if (presencePenalty) sampling.presencePenalty = presencePenalty
  if (seed !== undefined) sampling.seed = Math.trunc(seed)
  for (const [option, feature] of OPTIONS)
    if (sampling[option] !== undefined) note(uses, feature, feature)
  return sampling
}

const OPTIONS: readonly (readonly [keyof Sampling, Feature])[] = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['presencePenalty', 'presence_penalty'],
  ['seed', 'seed'],
]

function numberFrom(
  body: JsonObject,
  name: string,
  [least, most]: readonly [number, number],
): number | undefined {
  const number = numberAt(body[name], name)
  if (number === undefined) return undefined
  return number >= least && number <= most ? number : wrong(name, `between ${least} and ${most}`)
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

/** OpenAI's own word for it, OpenRouter's `reasoning`, or `thinking`, as Anthropic and DeepSeek have it. */
export function readReasoningWish(body: JsonObject, uses: Uses): ReasoningWish | undefined {
  const own = oneOfAt(body.reasoning_effort, EFFORTS, 'reasoning_effort')
  if (own !== undefined) note(uses, 'reasoning_effort', 'reasoning_effort')
  const reasoning = objectAt(body.reasoning, 'reasoning')
  const thinking = objectAt(body.thinking, 'thinking')
  if (reasoning !== undefined) return readOpenRouters(reasoning, own, uses)
  if (thinking !== undefined) return readThinking(thinking, own, uses)
  return own === undefined ? undefined : { effort: own, budget: undefined, shows: undefined }
}

function readOpenRouters(
  reasoning: JsonObject,
  own: ReasoningWish['effort'],
  uses: Uses,
): ReasoningWish {
  const effort = own ?? oneOfAt(reasoning.effort, EFFORTS, 'reasoning.effort')
  if (effort !== undefined) note(uses, 'reasoning_effort', 'reasoning.effort')
  const budget = budgetAt(reasoning.max_tokens, 'reasoning.max_tokens', uses)
  const isHidden = flagAt(reasoning.exclude, 'reasoning.exclude') === true
  if (!isHidden) note(uses, 'reasoning_shown', 'reasoning')
  const isOff = flagAt(reasoning.enabled, 'reasoning.enabled') === false
  return {
    effort,
    budget: isOff ? 0 : (budget ?? (effort === undefined ? -1 : undefined)),
    shows: isHidden ? 'nothing' : 'summary',
  }
}

function readThinking(
  thinking: JsonObject,
  effort: ReasoningWish['effort'],
  uses: Uses,
): ReasoningWish {
  const type = oneOfAt(thinking.type, ['enabled', 'adaptive', 'auto', 'disabled'], 'thinking.type')
  if (type === 'disabled') return { effort, budget: 0, shows: undefined }
  note(uses, 'reasoning_shown', 'thinking')
  const budget = budgetAt(thinking.budget_tokens, 'thinking.budget_tokens', uses)
  return { effort, budget: budget ?? (effort === undefined ? -1 : undefined), shows: 'summary' }
}

function budgetAt(value: unknown, place: string, uses: Uses): number | undefined {
  const budget = numberAt(value, place)
  if (budget === undefined) return undefined
  if (!Number.isSafeInteger(budget) || budget < 0) return wrong(place, 'a whole number')
  note(uses, 'reasoning_budget', place)
  return budget
}
