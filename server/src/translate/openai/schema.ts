import { isObject } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

/** OpenAI refuses a strict schema with any of these. */
const NEVER_STRICT: ReadonlySet<string> = new Set([
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'prefixItems',
  'unevaluatedProperties',
])

/** Whether OpenAI takes a schema as strict: objects are closed and all their members required. */
export function mayBeStrict(schema: JsonObject): boolean {
  return schema.type === 'object' && schema.anyOf === undefined && isClosed(schema)
}

function isClosed(schema: JsonObject): boolean {
  const { type, properties, required, items, anyOf } = schema
  for (const word of Object.keys(schema)) if (NEVER_STRICT.has(word)) return false
  const isOfObject = type === 'object' || (Array.isArray(type) && type.includes('object'))
  if (isOfObject || properties !== undefined) {
    if (schema.additionalProperties !== false) return false
    if (!areRequired(properties, required)) return false
  }
  return (
    areClosed(properties) &&
    areClosed(schema.$defs) &&
    areClosed(schema.definitions) &&
    (!Array.isArray(anyOf) || anyOf.every((one: unknown) => isObject(one) && isClosed(one))) &&
    (items === undefined || (isObject(items) && isClosed(items)))
  )
}

function areRequired(properties: unknown, required: unknown): boolean {
  const names = isObject(properties) ? Object.keys(properties) : []
  const all = new Set<unknown>(Array.isArray(required) ? required : [])
  return names.every((name) => all.has(name))
}

const areClosed = (schemas: unknown): boolean =>
  !isObject(schemas) ||
  Object.values(schemas).every((schema) => isObject(schema) && isClosed(schema))
