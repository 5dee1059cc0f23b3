import { createHash } from 'node:crypto'
import { effortOf } from '../efforts.ts'
import type { Effort, Format, JsonObject, NeutralRequest } from '../neutral/request.ts'
import { abilitiesOf, isThinking, nearestEffort } from './models.ts'
import { mayBeStrict } from './schema.ts'
import { writeMessages } from './write-messages.ts'
import type { Target, Written } from './write-parts.ts'
import { writeToolChoice, writeTools } from './write-tools.ts'

/** @throws Refused `invalid_request` for a tool's name or a file that can't be sent. */
export function writeRequest(request: NeutralRequest, model: string): JsonObject {
  const target: Target = { ...abilitiesOf(model), marksCache: model.includes('claude') }
  const body: Written = { model, messages: writeMessages(request, target) }
  if (request.stream) {
    body.stream = true
    body.stream_options = { include_usage: true }
  }
  const tools = writeTools(request, target)
  if (tools !== undefined) {
    body.tools = tools
    const choice = writeToolChoice(request, target)
    if (choice !== undefined) body.tool_choice = choice
    // What all do anyway is not said: some models refuse the word.
    if (request.parallelToolCalls === false) body.parallel_tool_calls = false
  }
  if (request.outputLimit !== undefined)
    body[target.own ? 'max_completion_tokens' : 'max_tokens'] = request.outputLimit
  if (request.stop.length > 0) body.stop = request.stop
  if (request.format !== undefined) writeFormat(body, request.format)
  const effort = effortFor(request, target)
  if (effort !== undefined) body.reasoning_effort = effort
  writeSampling(body, request, isThinking(effort, target))
  if (request.choices > 1) body.n = request.choices
  if (request.endUser !== undefined) writeEndUser(body, request.endUser, target)
  if (target.own) writeOwn(body, request, target)
  return body
}

/** Other providers' models are only told to think more or less, and nothing where they shall not. */
function effortFor({ reasoning }: NeutralRequest, target: Target): Effort | undefined {
  if (reasoning === undefined || target.reasons === 'never') return undefined
  const effort = reasoning.budget === 0 ? 'none' : effortOf(reasoning)
  if (effort === undefined || (effort === 'none' && target.reasons === 'unknown')) return undefined
  return nearestEffort(effort, target)
}

function writeFormat(body: Written, format: Format): void {
  if (format.kind === 'json') {
    body.response_format = { type: 'json_object' }
    sayJson(body)
    return
  }
  const written: Written = { name: schemaName(format.name), schema: format.schema }
  if (format.description !== undefined) written.description = format.description
  if (format.strict !== undefined) written.strict = format.strict && mayBeStrict(format.schema)
  body.response_format = { type: 'json_schema', json_schema: written }
}

function schemaName(name: string): string {
  const taken = name.replace(/[^\w-]/g, '_').slice(0, 64)
  return taken === '' ? 'output' : taken
}

const JSON_ASKED = 'Answer with one valid JSON object.'

/** OpenAI refuses this format unless the word stands somewhere in the messages. */
function sayJson(body: Written): void {
  const messages = body.messages as Written[]
  if (/json/i.test(JSON.stringify(messages))) return
  const [first] = messages
  if (first?.role !== 'system') messages.unshift({ role: 'system', content: JSON_ASKED })
  else if (Array.isArray(first.content)) first.content.push({ type: 'text', text: JSON_ASKED })
  else first.content = `${String(first.content)}\n\n${JSON_ASKED}`
}

function writeSampling(body: Written, request: NeutralRequest, thinking: boolean): void {
  const { sampling, logprobs } = request
  if (sampling.seed !== undefined) body.seed = sampling.seed
  if (thinking) return
  if (sampling.temperature !== undefined) body.temperature = sampling.temperature
  if (sampling.topP !== undefined) body.top_p = sampling.topP
  if (sampling.frequencyPenalty !== undefined) body.frequency_penalty = sampling.frequencyPenalty
  if (sampling.presencePenalty !== undefined) body.presence_penalty = sampling.presencePenalty
  if (logprobs === undefined) return
  body.logprobs = true
  if (logprobs > 0) body.top_logprobs = logprobs
}

const LONGEST_USER = 64

function writeEndUser(body: Written, user: string, { own }: Target): void {
  const name = user.length <= LONGEST_USER ? user : createHash('sha256').update(user).digest('hex')
  body[own ? 'safety_identifier' : 'user'] = name
}

/** What only OpenAI itself takes. */
function writeOwn(body: Written, request: NeutralRequest, { newest }: Target): void {
  if (request.promptCacheKey !== undefined) body.prompt_cache_key = request.promptCacheKey
  if (request.serviceTier !== undefined) body.service_tier = request.serviceTier
  if (newest && request.verbosity !== undefined) body.verbosity = request.verbosity
}
