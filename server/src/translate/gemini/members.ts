import { isObject, listAt } from '../json.ts'
import type { JsonObject } from '../neutral/request.ts'

const SNAKE = new Map<string, string>()

/** Google's servers take every member in two spellings, and its own examples use both. */
export function member(object: JsonObject, name: string): unknown {
  const value = object[name]
  if (value !== undefined) return value
  let snake = SNAKE.get(name)
  if (snake === undefined) {
    snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    SNAKE.set(name, snake)
  }
  return snake === name ? undefined : object[snake]
}

/** They also take one alone where a list of one is meant. */
export const oneOrMoreAt = (value: unknown, place: string): readonly unknown[] =>
  isObject(value) ? [value] : listAt(value, place)
