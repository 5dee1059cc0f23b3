import { effortOf } from '../efforts.ts'
import type { Format, JsonObject, NeutralRequest } from '../neutral/request.ts'
import {
  type Abilities,
  abilitiesBehindResponses,
  isThinking,
  nearestEffort,
} from '../openai/models.ts'
import { mayBeStrict } from '../openai/schema.ts'
import { writeItems } from './write-items.ts'
import { writeTool, writeToolChoice } from './write-tools.ts'

/** OpenAI's least. */
const LEAST_OUTPUT = 16

/**
 * The body of `POST /v1/responses`. Nothing is stored: the whole conversation is sent each time.
 * @throws Refused `invalid_request` for the name of a tool.
 */
export function writeRequest(request: NeutralRequest, model: string): JsonObject {
  const { system, tools, toolChoice, outputLimit, serviceTier } = request
  const body: Record<string, unknown> = { model, input: inputOf(request), store: false }
  if (system.length > 0) body.instructions = system.map(({ text }) => text).join('\n\n')
  if (request.stream) body.stream = true
  if (tools.length > 0) {
    body.tools = tools.map(writeTool)
    if (toolChoice !== undefined) body.tool_choice = writeToolChoice(toolChoice, tools)
    if (request.parallelToolCalls !== undefined) {
      body.parallel_tool_calls = request.parallelToolCalls
    }
  }
  if (outputLimit !== undefined) body.max_output_tokens = Math.max(outputLimit, LEAST_OUTPUT)
  const text = writeText(request)
  if (text !== undefined) body.text = text
  if (serviceTier !== undefined) body.service_tier = serviceTier
  if (request.endUser !== undefined) body.safety_identifier = request.endUser
  if (request.promptCacheKey !== undefined) body.prompt_cache_key = request.promptCacheKey
  addThinking(body, request, abilitiesBehindResponses(model))
  return body
}

/** OpenAI refuses JSON without a schema unless the word stands somewhere in the input. */
function inputOf(request: NeutralRequest): JsonObject[] {
  const items = writeItems(request)
  if (request.format?.kind !== 'json' || /json/i.test(JSON.stringify(items))) return items
  const content = [{ type: 'input_text', text: 'Answer with one valid JSON object.' }]
  return [{ type: 'message', role: 'developer', content }, ...items]
}

/** Reasoning, and what OpenAI refuses beside it. */
function addThinking(
  body: Record<string, unknown>,
  { reasoning, sampling, logprobs }: NeutralRequest,
  abilities: Abilities,
): void {
  const { reasons } = abilities
  const include: string[] = []
  const wished = reasoning && effortOf(reasoning)
  const effort = wished && nearestEffort(wished, abilities)
  if (reasoning !== undefined && reasons !== 'never') {
    const summary = reasoning.shows === 'summary' && { summary: 'auto' }
    if (effort !== undefined || summary) {
      body.reasoning = { ...(effort !== undefined && { effort }), ...summary }
    }
    // Models that don't reason refuse to be asked for it.
    if (effort !== 'none') include.push('reasoning.encrypted_content')
  }
  if (!isThinking(effort, abilities)) {
    if (sampling.temperature !== undefined) body.temperature = sampling.temperature
    if (sampling.topP !== undefined) body.top_p = sampling.topP
    if (logprobs !== undefined) {
      include.push('message.output_text.logprobs')
      if (logprobs > 0) body.top_logprobs = logprobs
    }
  }
  if (include.length > 0) body.include = include
}

function writeText({ format, verbosity }: NeutralRequest): JsonObject | undefined {
  if (format === undefined && verbosity === undefined) return undefined
  return {
    ...(format !== undefined && { format: writeFormat(strictly(format)) }),
    ...(verbosity !== undefined && { verbosity }),
  }
}

/** OpenAI refuses to be strict about a schema that leaves anything open. */
const strictly = (format: Format): Format =>
  format.kind === 'schema' && format.strict === true
    ? { ...format, strict: mayBeStrict(format.schema) }
    : format

/** Also for answers, which repeat it. */
export function writeFormat(format: Format): JsonObject {
  if (format.kind === 'json') return { type: 'json_object' }
  const { name, description, schema, strict } = format
  return {
    type: 'json_schema',
    name: name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'answer',
    ...(description !== undefined && { description }),
    schema,
    strict: strict ?? false,
  }
}
