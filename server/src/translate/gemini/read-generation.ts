import { Refused } from '../../errors.ts'
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
import type { Effort, Format, JsonObject, ReasoningWish, Sampling } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { member } from './members.ts'
import { fromOpenApi } from './open-api-schema.ts'

const PLACE = 'generationConfig'

const SAMPLING = [
  ['temperature', 'temperature', 'temperature'],
  ['topP', 'topP', 'top_p'],
  ['topK', 'topK', 'top_k'],
  ['frequencyPenalty', 'frequencyPenalty', 'frequency_penalty'],
  ['presencePenalty', 'presencePenalty', 'presence_penalty'],
  ['seed', 'seed', 'seed'],
] as const

export function readSampling(config: JsonObject, uses: Uses): Sampling {
  const sampling: { -readonly [M in keyof Sampling]: Sampling[M] } = {}
  for (const [name, as, feature] of SAMPLING) {
    const value = numberAt(member(config, name), `${PLACE}.${name}`)
    if (value === undefined) continue
    sampling[as] = value
    note(uses, feature, `${PLACE}.${name}`)
  }
  return sampling
}

export function readStop(config: JsonObject, uses: Uses): readonly string[] {
  const place = `${PLACE}.stopSequences`
  const list = listAt(member(config, 'stopSequences'), place)
  if (list.length > 0) note(uses, 'stop', place)
  return list.map((stop, at) =>
    typeof stop === 'string' ? stop : wrong(`${place}[${at}]`, 'a string'),
  )
}

const LEVELS = ['thinking_level_unspecified', 'minimal', 'low', 'medium', 'high'] as const

export function readReasoning(config: JsonObject, uses: Uses): ReasoningWish | undefined {
  const place = `${PLACE}.thinkingConfig`
  const thinking = objectAt(member(config, 'thinkingConfig'), place)
  if (thinking === undefined) return undefined
  const told = textAt(member(thinking, 'thinkingLevel'), `${place}.thinkingLevel`)?.toLowerCase()
  const level = oneOfAt(told, LEVELS, `${place}.thinkingLevel`)
  const effort: Effort | undefined = level === 'thinking_level_unspecified' ? undefined : level
  const budget = numberAt(member(thinking, 'thinkingBudget'), `${place}.thinkingBudget`)
  const shown = flagAt(member(thinking, 'includeThoughts'), `${place}.includeThoughts`)
  if (effort !== undefined) note(uses, 'reasoning_effort', `${place}.thinkingLevel`)
  if (budget !== undefined) note(uses, 'reasoning_budget', `${place}.thinkingBudget`)
  if (shown === true) note(uses, 'reasoning_shown', `${place}.includeThoughts`)
  return { effort, budget, shows: shown === undefined ? undefined : shown ? 'summary' : 'nothing' }
}

/** Three generations of saying what the answer must look like. */
export function readFormat(config: JsonObject, uses: Uses): Format | undefined {
  const newest = textFormat(config)
  if (newest !== undefined) {
    const { schema } = newest
    const place = `${PLACE}.responseFormat`
    if (schema !== undefined && schema !== null) {
      return noted(schemaOf(needed(objectAt(schema, place), place)), place, uses)
    }
    return ofType(textAt(member(newest, 'mimeType'), `${place}.text.mimeType`), place, uses)
  }
  const place = `${PLACE}.responseJsonSchema`
  const json = objectAt(member(config, 'responseJsonSchema') ?? config._responseJsonSchema, place)
  const type = textAt(member(config, 'responseMimeType'), `${PLACE}.responseMimeType`)
  if (json !== undefined) return noted(schemaOf(json), place, uses)
  const open = member(config, 'responseSchema')
  if (open === undefined || open === null || type === 'text/x.enum') {
    return ofType(type, `${PLACE}.responseMimeType`, uses)
  }
  const here = `${PLACE}.responseSchema`
  return noted(schemaOf(fromOpenApi(open, here)), here, uses)
}

function textFormat(config: JsonObject): JsonObject | undefined {
  const value = member(config, 'responseFormat')
  const [first] = Array.isArray(value) ? value : [value]
  return isObject(first) && isObject(first.text) ? first.text : undefined
}

const schemaOf = (schema: JsonObject): Format => ({
  kind: 'schema',
  // Others want a name.
  name: 'answer',
  description: undefined,
  schema,
  strict: undefined,
})

function noted(format: Format, place: string, uses: Uses): Format {
  note(uses, format.kind === 'json' ? 'json' : 'json_schema', place)
  return format
}

function ofType(type: string | undefined, place: string, uses: Uses): Format | undefined {
  switch (type) {
    case undefined:
    case '':
    case 'text/plain':
    case 'TEXT_PLAIN':
      return undefined
    case 'application/json':
    case 'APPLICATION_JSON':
      return noted({ kind: 'json' }, place, uses)
    default:
      throw new Refused(
        'unsupported_parameter',
        `${place} must be text/plain or application/json: this model's provider knows no other`,
      )
  }
}
