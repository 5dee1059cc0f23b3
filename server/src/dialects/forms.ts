import { isUtf8 } from 'node:buffer'
import { Refused } from '../errors.ts'
import type { Loose, Span } from './dialect.ts'
import { boundaryOf, partsOf } from './multipart.ts'

/** A form as we understood it: the fields that we judge, and how much of it is files. */
export interface Form {
  /** Read anew each time: a long text of it is not kept. */
  readonly body: () => Loose
  /** Where the contents of the judged fields stand. */
  readonly spans: ReadonlyMap<string, Span>
  readonly files: number
  readonly fileBytes: number
}

/** Written as other than texts. */
const FLAGS = new Set(['stream'])
const NUMBERS = new Set(['n', 'partial_images', 'temperature'])
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/
/** Files that are written as text are long. */
const LONG = 4_096
const AS_TEXT = Buffer.from('data:')

/**
 * How a body that may be a form is written: the boundary of a form; `undefined`: it is JSON.
 * @throws Refused `invalid_request` where parsers may read it as something else.
 */
export function formBoundary(headers: readonly string[]): string | undefined {
  let type: string | undefined
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if ((headers[at] as string).toLowerCase() !== 'content-type') continue
    if (type !== undefined) {
      throw new Refused('invalid_request', 'send one content-type header, not several')
    }
    type = headers[at + 1]
  }
  const [essence = ''] = (type ?? '').split(';')
  const kind = essence.trim().toLowerCase()
  if (kind === 'multipart/form-data') return boundaryOf(type ?? '')
  if (kind === '' || kind === 'application/json') return undefined
  throw new Refused(
    'invalid_request',
    'content-type must be application/json or multipart/form-data here',
  )
}

/**
 * Reads the fields of these names. As in JSON, none of them may come twice or in other letters; nor as a file, or as a
 * list (`model[]`), which other parsers take for the same.
 * @throws Refused `invalid_request`.
 */
export function readForm(payload: Buffer, boundary: string, judged: readonly string[]): Form {
  const spans = new Map<string, Span>()
  let files = 0
  let fileBytes = 0
  for (const part of partsOf(payload, boundary)) {
    const [base = ''] = part.name.toLowerCase().split('[', 1)
    if (!judged.includes(base)) {
      if (base === '_charset_') throw new Refused('invalid_request', 'leave out _charset_')
      if (!part.isFile && !isFileAsText(payload, part)) continue
      files++
      fileBytes += part.end - part.start
      continue
    }
    if (part.name !== base) {
      throw new Refused('invalid_request', `write ${base} in lower case, once`)
    }
    if (part.isFile) throw new Refused('invalid_request', `${base} must be a field, not a file`)
    if (spans.has(base)) throw new Refused('invalid_request', `the body names ${base} twice`)
    spans.set(base, { start: part.start, end: part.end })
  }
  return { body: () => fieldsIn(payload, spans), spans, files, fileBytes }
}

function isFileAsText(payload: Buffer, { start, end }: Span): boolean {
  return end - start > LONG && payload.compare(AS_TEXT, 0, 5, start, start + 5) === 0
}

function fieldsIn(payload: Buffer, spans: ReadonlyMap<string, Span>): Loose {
  const body: Record<string, unknown> = {}
  for (const [name, { start, end }] of spans) {
    const bytes = payload.subarray(start, end)
    if (!isUtf8(bytes)) throw new Refused('invalid_request', `${name} is not valid UTF-8`)
    body[name] = fieldOf(name, bytes.toString('utf8'))
  }
  return body
}

function fieldOf(name: string, text: string): unknown {
  if (name !== 'prompt' && CONTROL.test(text)) {
    throw new Refused('invalid_request', `${name} must be one line of text`)
  }
  if (FLAGS.has(name)) return text === 'true' ? true : text === 'false' ? false : text
  if (NUMBERS.has(name)) return /^\d{1,9}$/.test(text) ? Number(text) : text
  return text
}
