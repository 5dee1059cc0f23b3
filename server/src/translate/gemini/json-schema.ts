import { isObject, wrong } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

/** What Google's documentation lists for `parametersJsonSchema` and `responseJsonSchema`; it may refuse anything else. */
const KNOWN: ReadonlySet<string> = new Set([
  '$id',
  '$defs',
  '$ref',
  '$anchor',
  'type',
  'format',
  'title',
  'description',
  'enum',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'anyOf',
  'oneOf',
  'properties',
  'additionalProperties',
  'required',
])
const OF_SCHEMAS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'prefixItems'])
const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs'])
const DEEPEST = 100

/**
 * A schema without the keywords that Gemini does not know: the answer is constrained a little less.
 * @throws Refused `invalid_request` for one that is nested too deeply.
 */
export function forGemini(schema: JsonObject, place: string, depth = 0): JsonObject {
  if (depth > DEEPEST) return wrong(place, 'nested less deeply')
  const refers = typeof schema.$ref === 'string'
  const out: Record<string, unknown> = {}
  for (const name of Object.keys(schema)) {
    // Beside a reference nothing may stand but what begins with a dollar.
    if (!KNOWN.has(name) || (refers && !name.startsWith('$'))) continue
    out[name] = keptValue(name, schema[name], place, depth)
  }
  if (refers) return out
  if (schema.const !== undefined && out.enum === undefined) out.enum = [schema.const]
  // Older drafts.
  const { definitions } = schema
  if (isObject(definitions) && out.$defs === undefined) {
    out.$defs = byName(definitions, place, depth)
  }
  return Array.isArray(schema.allOf) ? merged(out, schema.allOf, place, depth) : out
}

function keptValue(name: string, value: unknown, place: string, depth: number): unknown {
  if (name === '$ref' && typeof value === 'string') {
    return value.replace('#/definitions/', '#/$defs/')
  }
  if (OF_SCHEMAS.has(name) && Array.isArray(value)) {
    return value.map((one: unknown) => (isObject(one) ? forGemini(one, place, depth + 1) : one))
  }
  if (!isObject(value)) return value
  return BY_NAME.has(name) ? byName(value, place, depth) : forGemini(value, place, depth + 1)
}

// By entries, since a property may be called `__proto__`.
const byName = (schemas: JsonObject, place: string, depth: number): JsonObject =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, one]) => [
      name,
      isObject(one) ? forGemini(one, place, depth + 1) : one,
    ]),
  )

/** `allOf` says all at once what Gemini wants said in one place. The first to say something is heard. */
function merged(
  first: JsonObject,
  all: readonly unknown[],
  place: string,
  depth: number,
): JsonObject {
  const out: Record<string, unknown> = {}
  const properties: [string, unknown][] = []
  const required: unknown[] = []
  for (const one of [first, ...all.filter(isObject)]) {
    const piece = one === first ? first : forGemini(one, place, depth + 1)
    for (const name of Object.keys(piece)) out[name] ??= piece[name]
    const { properties: named, required: names } = piece
    if (isObject(named)) for (const one of Object.entries(named)) properties.push(one)
    if (Array.isArray(names)) for (const name of names) required.push(name)
  }
  if (properties.length > 0) out.properties = Object.fromEntries(properties)
  if (required.length > 0) out.required = [...new Set(required)]
  return out
}
