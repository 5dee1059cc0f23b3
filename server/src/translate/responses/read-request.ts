import { Refused } from '../../errors.ts'
import type { AskedOf } from '../codec.ts'
import { flagAt, numberAt, objectAt, textAt, wrong } from '../json.ts'
import type { JsonObject, NeutralRequest } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { readItems } from './read-items.ts'
import {
  noteOthers,
  readFormat,
  readLogprobs,
  readReasoning,
  readSampling,
  readTier,
  readVerbosity,
} from './read-options.ts'
import { readToolChoice, readTools } from './read-tools.ts'

/**
 * A call of `POST /v1/responses`.
 * @throws Refused `invalid_request`, naming the member; `unsupported_parameter` for templates that OpenAI keeps.
 */
export function readRequest(body: JsonObject, asked: AskedOf): NeutralRequest {
  const uses: Uses = new Map()
  if (body.prompt !== undefined && body.prompt !== null) {
    throw new Refused(
      'unsupported_parameter',
      'prompt names a template that OpenAI keeps, and this model has another provider: send its text as input',
    )
  }
  const text = objectAt(body.text, 'text')
  const { system, messages } = readItems(body, uses)
  noteOthers(body, uses)
  return {
    model: asked.model,
    stream: asked.stream,
    system,
    messages,
    tools: readTools(body.tools, uses),
    toolChoice: readToolChoice(body.tool_choice, uses),
    parallelToolCalls: parallelOf(body, uses),
    format: readFormat(text, uses),
    outputLimit: limitOf(body),
    stop: [],
    sampling: readSampling(body, uses),
    reasoning: readReasoning(body.reasoning, uses),
    choices: 1,
    logprobs: readLogprobs(body, uses),
    verbosity: readVerbosity(text, uses),
    serviceTier: readTier(body.service_tier, uses),
    endUser: endUserOf(body, uses),
    promptCacheKey: cacheKeyOf(body, uses),
    streamsUsage: true,
    uses,
  }
}

function parallelOf({ parallel_tool_calls }: JsonObject, uses: Uses): boolean | undefined {
  const parallel = flagAt(parallel_tool_calls, 'parallel_tool_calls')
  if (parallel === false) note(uses, 'one_tool_call', 'parallel_tool_calls')
  return parallel
}

function limitOf({ max_output_tokens }: JsonObject): number | undefined {
  const limit = numberAt(max_output_tokens, 'max_output_tokens')
  if (limit === undefined || (Number.isSafeInteger(limit) && limit > 0)) return limit
  return wrong('max_output_tokens', 'a whole number of at least 1')
}

function endUserOf(body: JsonObject, uses: Uses): string | undefined {
  for (const name of ['safety_identifier', 'user']) {
    const user = textAt(body[name], name)
    if (user === undefined) continue
    note(uses, 'end_user', name)
    return user
  }
  return undefined
}

function cacheKeyOf({ prompt_cache_key }: JsonObject, uses: Uses): string | undefined {
  const key = textAt(prompt_cache_key, 'prompt_cache_key')
  if (key !== undefined) note(uses, 'prompt_cache_key', 'prompt_cache_key')
  return key
}
