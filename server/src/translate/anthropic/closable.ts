import { append } from '../append.ts'
import { isObject } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

const DEFINED = /^#\/(?:\$defs|definitions)\/([^/]+)$/

/**
 * Whether a schema still means the same when all of its objects are closed, as the provider wants them: no object takes
 * members by any name, and nothing refers to itself or to another document.
 */
export function mayBeClosed(schema: JsonObject): boolean {
  const definitions = { ...objectOf(schema.definitions), ...objectOf(schema.$defs) }
  const refersTo = new Map<string, ReadonlySet<string>>()
  for (const [name, definition] of Object.entries(definitions)) {
    const names = namesIn(definition)
    if (names === undefined) return false
    refersTo.set(name, names)
  }
  return namesIn(schema) !== undefined && !hasCircle(refersTo)
}

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** The definitions that a schema refers to; `undefined` where it can't be closed. */
function namesIn(schema: unknown): Set<string> | undefined {
  const names = new Set<string>()
  const left: unknown[] = [schema]
  while (left.length > 0) {
    const next = left.pop()
    if (Array.isArray(next)) append(left, next)
    if (!isObject(next)) continue
    if (isOpen(next)) return undefined
    if (typeof next.$ref === 'string') {
      const name = DEFINED.exec(next.$ref)?.[1]
      if (name === undefined) return undefined
      names.add(name)
    }
    append(left, Object.values(objectOf(next.properties)))
    left.push(next.items, next.anyOf, next.oneOf, next.allOf)
  }
  return names
}

function isOpen(schema: JsonObject): boolean {
  const { type, properties, additionalProperties, patternProperties } = schema
  if (patternProperties !== undefined || additionalProperties === true) return true
  if (isObject(additionalProperties)) return true
  return type === 'object' && properties === undefined && additionalProperties !== false
}

/** Takes away what refers to nothing that is left: a circle is never taken. Chains may be long, so nothing is called in itself. */
function hasCircle(refersTo: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const left = new Map<string, number>()
  const usedBy = new Map<string, string[]>()
  const free: string[] = []
  for (const [name, names] of refersTo) {
    let count = 0
    for (const other of names) {
      if (!refersTo.has(other)) continue
      count++
      const users = usedBy.get(other)
      if (users === undefined) usedBy.set(other, [name])
      else users.push(name)
    }
    left.set(name, count)
    if (count === 0) free.push(name)
  }
  let taken = 0
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    taken++
    for (const user of usedBy.get(name) ?? []) {
      const count = (left.get(user) ?? 0) - 1
      left.set(user, count)
      if (count === 0) free.push(user)
    }
  }
  return taken < refersTo.size
}
