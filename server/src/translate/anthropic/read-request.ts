import { Refused } from '../../errors.ts'
import { flagAt, listAt, needed, numberAt, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type {
  Format,
  JsonObject,
  NeutralRequest,
  ReasoningWish,
  Sampling,
} from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { readMessages, readTexts } from './read-messages.ts'
import { readToolChoice, readTools } from './read-tools.ts'

/**
 * A Messages request. Left out: `context_management` and other betas that only tidy the context.
 * @throws Refused `invalid_request`, naming the place; `unsupported_parameter` for where the answer is made.
 */
export function readRequest(body: JsonObject): NeutralRequest {
  const uses: Uses = new Map()
  const model = needed(textAt(body.model, 'model'), 'model')
  const system = readTexts(body.system, 'system', uses).filter(({ text }) => !isAttribution(text))
  if (system.length > 0) note(uses, 'system', 'system')
  const messages = readMessages(body.messages, uses)
  const { toolChoice, parallelToolCalls } = readToolChoice(body.tool_choice, uses)
  readRest(body, uses)
  const output = objectAt(body.output_config, 'output_config')
  return {
    model,
    stream: flagAt(body.stream, 'stream') ?? false,
    system,
    messages,
    tools: readTools(body.tools, uses),
    toolChoice,
    parallelToolCalls,
    format: readFormat(body, output, uses),
    outputLimit: readLimit(body.max_tokens),
    stop: readStop(body.stop_sequences, uses),
    sampling: readSampling(body, uses),
    reasoning: readReasoning(body.thinking, output, uses),
    choices: 1,
    logprobs: undefined,
    verbosity: undefined,
    serviceTier: readTier(body.service_tier, uses),
    endUser: readEndUser(body.metadata, uses),
    promptCacheKey: undefined,
    streamsUsage: true,
    uses,
  }
}

/** Claude Code says for Anthropic whose call it is, in other words each time: no prompt cache would find what follows. */
const isAttribution = (text: string) => text.startsWith('x-anthropic-billing-header:')

/** What only Anthropic itself can do. */
function readRest(body: JsonObject, uses: Uses): void {
  if (listAt(body.mcp_servers, 'mcp_servers').length > 0) note(uses, 'hosted_tools', 'mcp_servers')
  if ((body.container ?? undefined) !== undefined) note(uses, 'hosted_tools', 'container')
  if (objectAt(body.cache_control, 'cache_control') !== undefined)
    note(uses, 'cache_marks', 'cache_control')
  if ((textAt(body.inference_geo, 'inference_geo') ?? '') !== '') {
    throw new Refused(
      'unsupported_parameter',
      "inference_geo can't be promised here: the provider of this model is not Anthropic",
    )
  }
}

function readLimit(value: unknown): number {
  const limit = needed(numberAt(value, 'max_tokens'), 'max_tokens')
  if (!Number.isSafeInteger(limit) || limit < 1)
    return wrong('max_tokens', 'a whole number of at least 1')
  return limit
}

function readStop(value: unknown, uses: Uses): string[] {
  const given = listAt(value, 'stop_sequences')
  if (given.length > 0) note(uses, 'stop', 'stop_sequences')
  return given.map((stop, at) =>
    typeof stop === 'string' ? stop : wrong(`stop_sequences[${at}]`, 'a string'),
  )
}

function readSampling(body: JsonObject, uses: Uses): Sampling {
  const sampling: { temperature?: number; topP?: number; topK?: number } = {}
  const temperature = numberAt(body.temperature, 'temperature')
  const topP = numberAt(body.top_p, 'top_p')
  const topK = numberAt(body.top_k, 'top_k')
  if (temperature !== undefined) {
    if (temperature < 0 || temperature > 1) return wrong('temperature', 'between 0 and 1')
    note(uses, 'temperature', 'temperature')
    sampling.temperature = temperature
  }
  if (topP !== undefined) {
    if (topP < 0 || topP > 1) return wrong('top_p', 'between 0 and 1')
    note(uses, 'top_p', 'top_p')
    sampling.topP = topP
  }
  if (topK !== undefined) {
    if (!Number.isSafeInteger(topK) || topK < 0) return wrong('top_k', 'a whole number')
    note(uses, 'top_k', 'top_k')
    sampling.topK = topK
  }
  return sampling
}

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

function readReasoning(
  value: unknown,
  output: JsonObject | undefined,
  uses: Uses,
): ReasoningWish | undefined {
  const effort = oneOfAt(output?.effort, EFFORTS, 'output_config.effort')
  if (effort !== undefined) note(uses, 'reasoning_effort', 'output_config.effort')
  const thinking = objectAt(value, 'thinking')
  if (thinking === undefined)
    return effort === undefined ? undefined : { effort, budget: undefined, shows: undefined }
  const given = oneOfAt(thinking.type, ['enabled', 'adaptive', 'disabled'], 'thinking.type')
  const type = needed(given, 'thinking.type')
  if (type === 'disabled') return { effort, budget: 0, shows: undefined }
  const display = oneOfAt(thinking.display, ['summarized', 'omitted'], 'thinking.display')
  const shows = display === 'omitted' ? 'nothing' : 'summary'
  if (shows === 'summary') note(uses, 'reasoning_shown', 'thinking')
  if (type === 'adaptive') return { effort, budget: -1, shows }
  note(uses, 'reasoning_budget', 'thinking.budget_tokens')
  return { effort, budget: readBudget(thinking.budget_tokens), shows }
}

function readBudget(value: unknown): number {
  const place = 'thinking.budget_tokens'
  const budget = needed(numberAt(value, place), place)
  return Number.isSafeInteger(budget) && budget >= 1024
    ? budget
    : wrong(place, 'a whole number of at least 1024')
}

/** `output_format` is the beta's name of it. */
function readFormat(
  body: JsonObject,
  output: JsonObject | undefined,
  uses: Uses,
): Format | undefined {
  const place = output?.format === undefined ? 'output_format' : 'output_config.format'
  const format = objectAt(output?.format ?? body.output_format, place)
  if (format === undefined) return undefined
  needed(oneOfAt(format.type, ['json_schema'], `${place}.type`), `${place}.type`)
  note(uses, 'json_schema', place)
  return {
    kind: 'schema',
    name: 'output',
    description: undefined,
    schema: needed(objectAt(format.schema, `${place}.schema`), `${place}.schema`),
    strict: true,
  }
}

function readTier(value: unknown, uses: Uses): 'auto' | 'default' | undefined {
  const tier = oneOfAt(value, ['auto', 'standard_only'], 'service_tier')
  if (tier === undefined) return undefined
  note(uses, 'service_tier', 'service_tier')
  return tier === 'auto' ? 'auto' : 'default'
}

function readEndUser(value: unknown, uses: Uses): string | undefined {
  const user = textAt(objectAt(value, 'metadata')?.user_id, 'metadata.user_id')
  if (user === undefined || user === '') return undefined
  note(uses, 'end_user', 'metadata.user_id')
  return user
}
