import { isObject, listAt, needed, numberAt, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type {
  Format,
  JsonObject,
  NeutralRequest,
  ReasoningWish,
  Sampling,
} from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
const SUMMARIES = ['auto', 'concise', 'detailed'] as const

export function readReasoning(value: unknown, uses: Uses): ReasoningWish | undefined {
  const reasoning = objectAt(value, 'reasoning')
  if (reasoning === undefined) return undefined
  const effort = oneOfAt(reasoning.effort, EFFORTS, 'reasoning.effort')
  const summary =
    oneOfAt(reasoning.summary, [...SUMMARIES, 'none'], 'reasoning.summary') ??
    oneOfAt(reasoning.generate_summary, SUMMARIES, 'reasoning.generate_summary')
  if (effort === undefined && summary === undefined) return undefined
  if (effort !== undefined) note(uses, 'reasoning_effort', 'reasoning.effort')
  const shown = summary !== undefined && summary !== 'none'
  if (shown) note(uses, 'reasoning_shown', 'reasoning.summary')
  return { effort, budget: undefined, shows: shown ? 'summary' : undefined }
}

const FORMATS = ['text', 'json_object', 'json_schema'] as const

export function readFormat(text: JsonObject | undefined, uses: Uses): Format | undefined {
  const format = objectAt(text?.format, 'text.format')
  if (format === undefined) return undefined
  const type = needed(oneOfAt(format.type, FORMATS, 'text.format.type'), 'text.format.type')
  if (type === 'text') return undefined
  if (type === 'json_object') {
    note(uses, 'json', 'text.format')
    return { kind: 'json' }
  }
  note(uses, 'json_schema', 'text.format')
  const { strict } = format
  return {
    kind: 'schema',
    name: textAt(format.name, 'text.format.name') || 'answer',
    description: textAt(format.description, 'text.format.description'),
    schema: needed(objectAt(format.schema, 'text.format.schema'), 'text.format.schema'),
    strict: typeof strict === 'boolean' ? strict : undefined,
  }
}

export function readVerbosity(
  text: JsonObject | undefined,
  uses: Uses,
): NeutralRequest['verbosity'] {
  const verbosity = oneOfAt(text?.verbosity, ['low', 'medium', 'high'], 'text.verbosity')
  if (verbosity !== undefined) note(uses, 'verbosity', 'text.verbosity')
  return verbosity
}

export function readSampling(body: JsonObject, uses: Uses): Sampling {
  const temperature = numberWithin(body.temperature, 'temperature', 2)
  const topP = numberWithin(body.top_p, 'top_p', 1)
  if (temperature !== undefined) note(uses, 'temperature', 'temperature')
  if (topP !== undefined) note(uses, 'top_p', 'top_p')
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
  }
}

function numberWithin(value: unknown, place: string, most: number): number | undefined {
  const number = numberAt(value, place)
  if (number === undefined || (number >= 0 && number <= most)) return number
  return wrong(place, `between 0 and ${most}`)
}

const LOGPROBS = 'message.output_text.logprobs'
/** What we ask for and keep by ourselves. */
const ENCRYPTED = 'reasoning.encrypted_content'

/** `include` and `top_logprobs`: how many alternatives of each token are told. */
export function readLogprobs(body: JsonObject, uses: Uses): number | undefined {
  const top = numberWithin(body.top_logprobs, 'top_logprobs', 20)
  let told = false
  for (const [at, output] of listAt(body.include, 'include').entries()) {
    if (typeof output !== 'string') return wrong(`include[${at}]`, 'a string')
    if (output === LOGPROBS) told = true
    else if (output !== ENCRYPTED) note(uses, 'include', `include[${at}]`)
  }
  // Without the output that holds them nobody would see them.
  if (!told && !top) return undefined
  note(uses, 'logprobs', told ? 'include' : 'top_logprobs')
  return top ?? 0
}

export function readTier(value: unknown, uses: Uses): NeutralRequest['serviceTier'] {
  const tier = textAt(value, 'service_tier')
  if (tier === undefined) return undefined
  note(uses, 'service_tier', 'service_tier')
  switch (tier) {
    case 'auto':
    case 'default':
    case 'flex':
    case 'priority':
      return tier
    case 'fast':
    case 'ultrafast':
      return 'priority'
    default:
      return 'auto'
  }
}

/** What is noted and not read: the gateway keeps nothing, and nobody else has a place for it. */
export function noteOthers(body: JsonObject, uses: Uses): void {
  for (const name of ['previous_response_id', 'conversation']) {
    if (body[name] !== undefined && body[name] !== null) note(uses, 'previous_response', name)
  }
  if (body.store === true) note(uses, 'store', 'store')
  if (body.background === true) note(uses, 'background', 'background')
  if (body.truncation === 'auto') note(uses, 'truncation', 'truncation')
  if (Array.isArray(body.context_management)) note(uses, 'truncation', 'context_management')
  const { metadata } = body
  if (isObject(metadata) && Object.keys(metadata).length > 0) note(uses, 'metadata', 'metadata')
}
