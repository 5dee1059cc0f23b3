import { Refused } from '../errors.ts'
import type { Loose } from './dialect.ts'

const LONGEST_MODEL = 256
/** Strings of a running call that survive collections are copied by each of them. */
const LONG_BODY = 16 * 1024

/** The members by which we judge, whatever the dialect. */

export function modelOf(model: unknown): string {
  if (model === undefined || model === null || model === '') {
    throw new Refused(
      'invalid_request',
      'model name is required: send "model", one of GET /v1/models',
    )
  }
  if (typeof model !== 'string') throw new Refused('invalid_request', 'model must be a string')
  if (Buffer.byteLength(model) > LONGEST_MODEL) {
    throw new Refused('invalid_request', `model must be at most ${LONGEST_MODEL} bytes long`)
  }
  return model
}

/** Anything but a JSON boolean is read differently by different parsers. */
export function flag(body: Loose, name: string, standard = false): boolean {
  const value = body[name] ?? standard
  if (typeof value !== 'boolean')
    throw new Refused('invalid_request', `${name} must be true or false`)
  return value
}

export function count(body: Loose, name: string, least: number): number | undefined {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw new Refused('invalid_request', `${name} must be a whole number of at least ${least}`)
  }
  return value
}

const MOST_CHOICES = 128

/** How many answers are asked for by this name. */
export function choicesOf(body: Loose, name: string): number {
  const choices = count(body, name, 1) ?? 1
  if (choices > MOST_CHOICES)
    throw new Refused('invalid_request', `${name} must be at most ${MOST_CHOICES}`)
  return choices
}

/** The body for whoever asks for it later. */
export function kept(payload: Buffer, body: Loose): () => Loose {
  if (payload.length < LONG_BODY) return () => body
  const weak = new WeakRef(body)
  return () => weak.deref() ?? (JSON.parse(payload.toString('utf8')) as Loose)
}

export const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
