import { wrong } from './json.ts'

/** As JSON text; `undefined` where it is nested too deeply to be written, or nothing that JSON knows. */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** @throws Refused `invalid_request`. */
export const jsonAt = (value: unknown, place: string): string =>
  jsonOf(value) ?? wrong(place, 'nested less deeply')
