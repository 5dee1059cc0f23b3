import { Refused } from '../errors.ts'
import type { JsonObject } from './neutral/request.ts'

/**
 * Reading what callers sent, member by member: absent and `null` are the same, and whatever is not as documented is refused
 * by its place (`messages[2].content`).
 */

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @throws Refused `invalid_request`. */
export function wrong(place: string, must: string): never {
  throw new Refused('invalid_request', `${place} must be ${must}`)
}

export function textAt(value: unknown, place: string): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : wrong(place, 'a string')
}

export function numberAt(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'number' ? value : wrong(place, 'a number')
}

export function flagAt(value: unknown, place: string): boolean | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'boolean' ? value : wrong(place, 'true or false')
}

export function objectAt(value: unknown, place: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined
  return isObject(value) ? value : wrong(place, 'an object')
}

const NOTHING: readonly never[] = []

/** Absent is an empty list. */
export function listAt(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return NOTHING
  return Array.isArray(value) ? value : wrong(place, 'a list')
}

/** Of words, absent is `undefined`. */
export function oneOfAt<const W extends string>(
  value: unknown,
  words: readonly W[],
  place: string,
): W | undefined {
  if (value === undefined || value === null) return undefined
  const word = words.find((known) => known === value)
  return word ?? wrong(place, `one of ${words.join(', ')}`)
}

export function needed<T>(value: T | undefined, place: string): T {
  if (value === undefined) throw new Refused('invalid_request', `${place} is missing`)
  return value
}

/** The JSON of a text, `undefined` where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
