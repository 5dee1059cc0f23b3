import { isObject, wrong } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'
import { member } from './members.ts'

/** Deeper than this no schema means anything, and whoever reads it may overflow. */
const DEEPEST = 100

const AS_THEY_ARE = [
  'title',
  'description',
  'format',
  'enum',
  'required',
  'default',
  'pattern',
  'minimum',
  'maximum',
  '$ref',
] as const
/** Google writes 64-bit numbers as strings. */
const COUNTS = ['minItems', 'maxItems', 'minProperties', 'maxProperties', 'minLength', 'maxLength']
const NAMED = ['properties', '$defs'] as const

/**
 * JSON Schema of the subset of OpenAPI that Gemini has in `parameters` and `responseSchema`: types in capitals, `nullable`.
 * @throws Refused `invalid_request`.
 */
export function fromOpenApi(schema: unknown, place: string, depth = 0): JsonObject {
  if (!isObject(schema)) return wrong(place, 'an object')
  if (depth > DEEPEST) return wrong(place, 'nested less deeply')
  const out: Record<string, unknown> = {}
  const type = typeOf(schema, place)
  if (type !== undefined) out.type = type
  for (const name of AS_THEY_ARE) {
    if (schema[name] !== undefined && schema[name] !== null) out[name] = schema[name]
  }
  for (const name of COUNTS) {
    const count = member(schema, name)
    if (typeof count === 'number' || typeof count === 'string') out[name] = Number(count)
  }
  for (const name of NAMED) {
    const named = member(schema, name)
    if (named !== undefined && named !== null) out[name] = namedSchemas(named, place, depth)
  }
  addNested(schema, out, place, depth)
  return out
}

function typeOf(schema: JsonObject, place: string): unknown {
  const { type } = schema
  if (type === undefined || type === null || type === 'TYPE_UNSPECIFIED') return undefined
  if (Array.isArray(type)) {
    return type.map((one) => (typeof one === 'string' ? one.toLowerCase() : one))
  }
  if (typeof type !== 'string') return wrong(`${place}.type`, 'a string')
  return schema.nullable === true ? [type.toLowerCase(), 'null'] : type.toLowerCase()
}

function namedSchemas(value: unknown, place: string, depth: number): JsonObject {
  if (!isObject(value)) return wrong(place, 'an object of schemas')
  // Made by entries, since a property may be called `__proto__`.
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, fromOpenApi(one, place, depth + 1)]),
  )
}

function addNested(
  schema: JsonObject,
  out: Record<string, unknown>,
  place: string,
  depth: number,
): void {
  const { items } = schema
  if (items !== undefined && items !== null) out.items = fromOpenApi(items, place, depth + 1)
  const either = member(schema, 'anyOf')
  if (either !== undefined && either !== null) {
    if (!Array.isArray(either)) wrong(`${place}.anyOf`, 'a list')
    out.anyOf = either.map((one: unknown) => fromOpenApi(one, place, depth + 1))
  }
  const more = member(schema, 'additionalProperties')
  if (typeof more === 'boolean') out.additionalProperties = more
  else if (isObject(more)) out.additionalProperties = fromOpenApi(more, place, depth + 1)
}
