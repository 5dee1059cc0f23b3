import type { TSchema } from 'typebox'
import { isAccessTokenShaped } from '../accounts/access-token-shape.ts'

/** The parts of JSON Schema that our operations use; every TypeBox schema can be read as one. */
export interface Shape {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Shape[]
  readonly items?: Shape
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly writeOnly?: boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly minItems?: number
}

export const shapeOf = (schema: TSchema): Shape => schema

/** One mistake as TypeBox reports it. */
export interface Mistake {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

/** Members whose values are secrets wherever they turn up: a message never quotes them. */
const SECRET_NAMES = new Set(['key', 'keys', 'password', 'token', 'authorization', 'headers'])
const LONGEST_QUOTED = 32

/** Says in plain words what is wrong: `remain_quota must be a whole number, got "12" (string)`. */
export function explain(schema: TSchema, value: unknown, mistake: Mistake): string {
  const steps = mistake.instancePath.split('/').slice(1).map(unescapePointer)
  if (mistake.keyword === 'required') {
    const missing = 'requiredProperties' in mistake.params ? mistake.params.requiredProperties : []
    return `${nameOf([...steps, Array.isArray(missing) ? String(missing[0]) : ''])} is required`
  }
  // `additionalProperties: false` makes every unknown member one that no value fits.
  if (mistake.keyword === 'boolean' || mistake.keyword === 'additionalProperties') {
    return `there is nothing called ${nameOf(steps).slice(0, 64)} here`
  }
  const { shape, found, secret } = follow(shapeOf(schema), value, steps)
  const name = steps.length === 0 ? 'the body' : nameOf(steps)
  return `${name} must ${demand(shape, found)}, got ${quoted(found, secret)}`
}

const unescapePointer = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')

/** `budgets[0].amount` */
function nameOf(steps: readonly string[]): string {
  return steps.reduce((name, step) => {
    if (/^\d+$/.test(step)) return `${name}[${step}]`
    return name === '' ? step : `${name}.${step}`
  }, '')
}

interface Found {
  readonly shape: Shape
  readonly found: unknown
  readonly secret: boolean
}

function follow(whole: Shape, value: unknown, steps: readonly string[]): Found {
  let shape = whole
  let found = value
  // A text in the place of the whole body may be whatever was meant to be a member of it.
  let secret = steps.length === 0
  for (const step of steps) {
    shape = inside(shape, step)
    found = found === null || found === undefined ? undefined : Reflect.get(Object(found), step)
    secret ||= shape.writeOnly === true || SECRET_NAMES.has(step)
  }
  return { shape, found, secret }
}

function inside(shape: Shape, step: string): Shape {
  const choices = [shape, ...(shape.anyOf ?? [])]
  for (const choice of choices) {
    const next =
      choice.properties?.[step] ?? choice.items ?? Object.values(choice.patternProperties ?? {})[0]
    if (next !== undefined) return next
  }
  return {}
}

/** What is asked of a value, behind `must`: the type when that is wrong, else the limit. */
function demand(shape: Shape, found: unknown): string {
  // Of several types, the one that was sent can say more than that it is one of them.
  const choice = shape.anyOf?.find((one) => one.const === undefined && isOfType(one, found))
  if (choice !== undefined) return demand(choice, found)
  if (!isOfType(shape, found)) return `be ${described(shape)}`
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = shape
  if (typeof found === 'number') {
    if (minimum !== undefined && maximum !== undefined) return `be from ${minimum} to ${maximum}`
    if (minimum !== undefined) return `be at least ${minimum}`
    if (maximum !== undefined) return `be at most ${maximum}`
  }
  if (typeof found === 'string' && minLength !== undefined && found.length < minLength) {
    return minLength === 1 ? 'not be empty' : `have at least ${minLength} characters`
  }
  if (typeof found === 'string' && maxLength !== undefined) {
    return `have at most ${maxLength} characters`
  }
  if (Array.isArray(found) && minItems !== undefined && found.length < minItems) {
    return minItems === 1 ? 'not be empty' : `have at least ${minItems} entries`
  }
  if (Array.isArray(found) && maxItems !== undefined) return `have at most ${maxItems} entries`
  return `be ${described(shape)}`
}

function isOfType(shape: Shape, found: unknown): boolean {
  switch (shape.type) {
    case 'integer':
      return Number.isInteger(found)
    case 'number':
    case 'string':
    case 'boolean':
      return typeof found === shape.type && shape.enum === undefined
    case 'array':
      return Array.isArray(found)
    default:
      return false
  }
}

const WORDS: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  null: 'null',
}

function described(shape: Shape): string {
  const options = shape.enum ?? shape.anyOf?.map((choice) => choice.const)
  if (options?.every((option) => option !== undefined)) return `one of ${options.join(', ')}`
  if (shape.const !== undefined) return JSON.stringify(shape.const)
  if (shape.anyOf !== undefined) return shape.anyOf.map(described).join(' or ')
  return WORDS[shape.type ?? ''] ?? 'something else'
}

/** What was sent, as far as it can be shown: short, and never a secret. */
function quoted(found: unknown, secret: boolean): string {
  if (found === null) return 'null'
  if (found === undefined) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  if (typeof found === 'object') return 'an object'
  const kind = typeof found
  if (secret) return `a ${kind}`
  const text = String(found)
  if (text.length > LONGEST_QUOTED || isAccessTokenShaped(text) || text.startsWith('sk-')) {
    return `a ${kind} of ${text.length} characters`
  }
  return kind === 'string' ? `${JSON.stringify(text)} (string)` : text
}
