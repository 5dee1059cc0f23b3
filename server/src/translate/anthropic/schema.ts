import { isObject } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

/**
 * What the provider's grammar knows of JSON Schema. Whatever else a schema says is told in the description, where the
 * model reads it and mostly does so: the provider refuses a schema with a word of it.
 */
const KNOWN: ReadonlySet<string> = new Set([
  'type',
  'description',
  'title',
  'enum',
  'const',
  'default',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'allOf',
  '$ref',
  '$defs',
  'definitions',
  'format',
  'minItems',
])
const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
])
/** Hold schemas by names of the caller's. */
const NAMED: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])
/** Hold lists of schemas. */
const LISTED: ReadonlySet<string> = new Set(['anyOf', 'allOf'])
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'examples'])

/** A schema as the provider takes it for structured output and strict tools: every object is closed. */
export function closedSchema(schema: JsonObject): JsonObject {
  const out: [string, unknown][] = []
  const said: [string, unknown][] = []
  for (const [word, value] of Object.entries(schema)) {
    if (word === 'oneOf' && !('anyOf' in schema)) out.push(['anyOf', closedList(value)])
    else if (word === 'additionalProperties' || SILENT.has(word)) continue
    else if (isKnown(word, value)) out.push([word, closedWord(word, value)])
    else said.push([word, value])
  }
  if (isObjectSchema(schema)) out.push(['additionalProperties', false])
  if (said.length > 0) tell(out, Object.fromEntries(said))
  // Own members, whatever their names: a caller may call one `__proto__`.
  return Object.fromEntries(out)
}

function isKnown(word: string, value: unknown): boolean {
  if (word === 'format') return FORMATS.has(value)
  if (word === 'minItems') return value === 0 || value === 1
  return KNOWN.has(word)
}

const isObjectSchema = ({ type, properties }: JsonObject): boolean =>
  type === 'object' ||
  (Array.isArray(type) ? type.includes('object') : type === undefined && isObject(properties))

function closedWord(word: string, value: unknown): unknown {
  if (word === 'items') return isObject(value) ? closedSchema(value) : value
  if (LISTED.has(word)) return closedList(value)
  if (!NAMED.has(word) || !isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [
      name,
      isObject(schema) ? closedSchema(schema) : schema,
    ]),
  )
}

const closedList = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((schema: unknown) => (isObject(schema) ? closedSchema(schema) : schema))
    : value

function tell(out: [string, unknown][], said: JsonObject): void {
  const text = JSON.stringify(said)
  const described = out.find(([word]) => word === 'description')
  if (described === undefined) out.push(['description', text])
  else described[1] = `${String(described[1])}\n\n${text}`
}
