import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/schema'
import { Refused } from '../errors.ts'
import { explain, type Shape, shapeOf } from './explain.ts'

/** Checks a value against its schema and returns only what the schema names. @throws Refused `invalid_field`. */
export type Parse = (value: unknown) => unknown

/** Path parameters or a query. */
export type Named = Readonly<Record<PropertyKey, unknown>>

/** Compiles a schema when it is needed first: most processes need few of them, and all would start later. */
export function createParse(schema: TSchema): Parse {
  const shape = shapeOf(schema)
  let compiled: Validator | undefined
  return (value) => {
    const picked = pick(shape, value)
    compiled ??= Compile(schema)
    if (!compiled.Check(picked)) {
      const [, [mistake]] = compiled.Errors(picked)
      const why = mistake === undefined ? undefined : explain(schema, picked, mistake)
      throw new Refused('invalid_field', why)
    }
    refuseUnsafeText(picked, '')
    return picked
  }
}

/** The same for what comes as text: path parameters and the query. Numbers and flags are read from it. */
export function createTextParse(schema: TSchema): (value: unknown) => Named {
  const parse = createParse(schema)
  const { properties = {} } = shapeOf(schema)
  return (value) => {
    const sent = Object.entries(Object(value)).map(([name, text]) => {
      // Sent twice, the first counts, as everywhere in the web platform (URLSearchParams.get).
      const first: unknown = Array.isArray(text) ? text[0] : text
      return [name, typeof first === 'string' ? fromText(properties[name], first) : first]
    })
    return Object(parse(Object.fromEntries(sent)))
  }
}

function fromText(shape: Shape | undefined, text: string): unknown {
  switch (shape?.type) {
    case 'integer':
    case 'number':
      if (text === '') return undefined
      return /^-?\d{1,16}(\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      if (text === '') return undefined
      if (text === 'true' || text === '1') return true
      return text === 'false' || text === '0' ? false : text
    default:
      return text
  }
}

/**
 * Only the members that the schema names, and of the optional ones only those that are not null: clients send records back
 * with fields we do not know, and null where they mean nothing.
 */
function pick(shape: Shape, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = shape
    return items === undefined ? value : value.map((item) => pick(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const { properties, additionalProperties } = objectIn(shape)
  if (properties === undefined) return value
  const members = Object.entries(properties)
    .filter(([name]) => Object.hasOwn(value, name))
    .map(([name, member]) => [name, pick(member, Reflect.get(value, name)), member] as const)
    .filter(([name, member, inner]) => {
      if (member === undefined) return false
      return member !== null || takesNull(inner) || (shape.required ?? []).includes(name)
    })
  // `additionalProperties: false`: here an unknown name is a mistake, which the check reports.
  const unknown = additionalProperties === false ? namedOtherwise(properties, value) : []
  return Object.fromEntries([...members.map(([name, member]) => [name, member]), ...unknown])
}

const namedOtherwise = (properties: object, value: object) =>
  Object.entries(value).filter(([name]) => !Object.hasOwn(properties, name))

const objectIn = (shape: Shape): Shape =>
  shape.anyOf?.find((choice) => choice.properties !== undefined) ?? shape

const takesNull = (shape: Shape): boolean =>
  shape.type === 'null' || (shape.anyOf?.some(takesNull) ?? false)

/** PostgreSQL stores no NUL, UTF-8 knows no lone surrogate, and both have hidden things from people before. */
function refuseUnsafeText(value: unknown, name: string): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) {
      throw new Refused('invalid_field', `${name} must not hold a NUL character`)
    }
    if (!value.isWellFormed()) {
      throw new Refused('invalid_field', `${name} must not hold an unpaired surrogate`)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [step, inner] of Object.entries(value)) {
      const path = Array.isArray(value)
        ? `${name}[${step}]`
        : name === ''
          ? step
          : `${name}.${step}`
      // Names of a free-form object are text too.
      refuseUnsafeText(step, name === '' ? 'a member name' : `a member name in ${name}`)
      refuseUnsafeText(inner, path)
    }
  }
}
