import {
  flagAt,
  isObject,
  listAt,
  needed,
  numberAt,
  objectAt,
  oneOfAt,
  textAt,
  wrong,
} from '../json.ts'
import type { Format, JsonObject, NeutralRequest } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { readMessages } from './read-messages.ts'
import { readReasoningWish, readSampling } from './read-options.ts'
import { readToolChoice, readTools } from './read-tools.ts'

/**
 * A request for chat completions, with what others than OpenAI added to it for reasoning.
 * @throws Refused `invalid_request`, naming the place.
 */
export function readRequest(body: JsonObject): NeutralRequest {
  const uses: Uses = new Map()
  const model = needed(textAt(body.model, 'model'), 'model')
  const { system, messages } = readMessages(body.messages, uses)
  noteRest(body, uses)
  const streaming = objectAt(body.stream_options, 'stream_options')
  const parallelToolCalls = flagAt(body.parallel_tool_calls, 'parallel_tool_calls')
  if (parallelToolCalls === false) note(uses, 'one_tool_call', 'parallel_tool_calls')
  return {
    model,
    stream: flagAt(body.stream, 'stream') ?? false,
    system,
    messages,
    tools: readTools(body, uses),
    toolChoice: readToolChoice(body, uses),
    parallelToolCalls,
    format: readFormat(body.response_format, uses),
    outputLimit: readLimit(body),
    stop: readStop(body.stop, uses),
    sampling: readSampling(body, uses),
    reasoning: readReasoningWish(body, uses),
    choices: readChoices(body.n, uses),
    logprobs: readLogprobs(body, uses),
    verbosity: readVerbosity(body.verbosity, uses),
    serviceTier: readTier(body.service_tier, uses),
    endUser: readEndUser(body, uses),
    promptCacheKey: readCacheKey(body.prompt_cache_key, uses),
    streamsUsage: flagAt(streaming?.include_usage, 'stream_options.include_usage') ?? false,
    uses,
  }
}

/** What has no place in the neutral form, since nobody else has anything like it. */
function noteRest(body: JsonObject, uses: Uses): void {
  const { logit_bias, metadata, prediction, web_search_options, audio, moderation } = body
  if (isObject(logit_bias) && Object.keys(logit_bias).length > 0)
    note(uses, 'logit_bias', 'logit_bias')
  if (isObject(metadata) && Object.keys(metadata).length > 0) note(uses, 'metadata', 'metadata')
  if (isObject(prediction)) note(uses, 'prediction', 'prediction')
  if (isObject(web_search_options)) note(uses, 'web_search', 'web_search_options')
  if (isObject(audio)) note(uses, 'audio_output', 'audio')
  if (isObject(moderation)) note(uses, 'safety_settings', 'moderation')
  if (flagAt(body.store, 'store') === true) note(uses, 'store', 'store')
  for (const modality of listAt(body.modalities, 'modalities')) {
    if (modality === 'audio') note(uses, 'audio_output', 'modalities')
    if (modality === 'image') note(uses, 'image_output', 'modalities')
  }
}

function wholeAt(value: unknown, least: number, place: string): number | undefined {
  const number = numberAt(value, place)
  if (number === undefined) return undefined
  return Number.isSafeInteger(number) && number >= least
    ? number
    : wrong(place, `a whole number of at least ${least}`)
}

/** Providers differ in which of the two they obey: the larger one is what was reserved. */
function readLimit(body: JsonObject): number | undefined {
  const most = wholeAt(body.max_tokens, 1, 'max_tokens')
  const completion = wholeAt(body.max_completion_tokens, 1, 'max_completion_tokens')
  return most === undefined || completion === undefined
    ? (most ?? completion)
    : Math.max(most, completion)
}

function readStop(value: unknown, uses: Uses): string[] {
  const given = typeof value === 'string' ? [value] : listAt(value, 'stop')
  if (given.length > 0) note(uses, 'stop', 'stop')
  return given.map((stop, at) =>
    typeof stop === 'string' ? stop : wrong(`stop[${at}]`, 'a string'),
  )
}

function readChoices(value: unknown, uses: Uses): number {
  const choices = wholeAt(value, 1, 'n') ?? 1
  if (choices > 128) return wrong('n', 'at most 128')
  if (choices > 1) note(uses, 'choices', 'n')
  return choices
}

function readLogprobs(body: JsonObject, uses: Uses): number | undefined {
  const top = wholeAt(body.top_logprobs, 0, 'top_logprobs')
  if (flagAt(body.logprobs, 'logprobs') !== true) return undefined
  note(uses, 'logprobs', 'logprobs')
  return top ?? 0
}

function readFormat(value: unknown, uses: Uses): Format | undefined {
  const place = 'response_format'
  const format = objectAt(value, place)
  if (format === undefined) return undefined
  const type = oneOfAt(format.type, ['text', 'json_object', 'json_schema'], `${place}.type`)
  if (needed(type, `${place}.type`) === 'text') return undefined
  if (type === 'json_object') {
    note(uses, 'json', place)
    return { kind: 'json' }
  }
  note(uses, 'json_schema', place)
  const where = `${place}.json_schema`
  const given = needed(objectAt(format.json_schema, where), where)
  return {
    kind: 'schema',
    name: textAt(given.name, `${where}.name`) ?? 'output',
    description: textAt(given.description, `${where}.description`),
    schema: objectAt(given.schema, `${where}.schema`) ?? {},
    strict: flagAt(given.strict, `${where}.strict`),
  }
}

function readVerbosity(value: unknown, uses: Uses): NeutralRequest['verbosity'] {
  const verbosity = oneOfAt(value, ['low', 'medium', 'high'], 'verbosity')
  if (verbosity !== undefined) note(uses, 'verbosity', 'verbosity')
  return verbosity
}

const TIERS = ['auto', 'default', 'flex', 'priority', 'scale', 'fast'] as const

function readTier(value: unknown, uses: Uses): NeutralRequest['serviceTier'] {
  const tier = oneOfAt(value, TIERS, 'service_tier')
  if (tier === undefined) return undefined
  note(uses, 'service_tier', 'service_tier')
  if (tier === 'scale') return 'auto'
  return tier === 'fast' ? 'priority' : tier
}

function readEndUser(body: JsonObject, uses: Uses): string | undefined {
  const identifier = textAt(body.safety_identifier, 'safety_identifier')
  const user = identifier ?? textAt(body.user, 'user')
  if (user === undefined || user === '') return undefined
  note(uses, 'end_user', identifier === undefined ? 'user' : 'safety_identifier')
  return user
}

function readCacheKey(value: unknown, uses: Uses): string | undefined {
  const key = textAt(value, 'prompt_cache_key')
  if (key !== undefined) note(uses, 'prompt_cache_key', 'prompt_cache_key')
  return key
}
