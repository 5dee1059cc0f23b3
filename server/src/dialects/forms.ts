import { isUtf8 } from 'node:buffer'
import { Refused } from '../errors.ts'
import type { Loose, Span } from './dialect.ts'
import { boundaryOf, type FormBytes, type Part, partsOf } from './multipart.ts'

/** A form as we understood it: the fields that we judge, and how much of it is files. */
export interface Form {
  /** Read anew each time: a long text of it is not kept. */
  readonly body: () => Loose
  /** Where the contents of the judged fields stand. */
  readonly spans: ReadonlyMap<string, Span>
  readonly files: number
  readonly fileBytes: number
  /** Of all the rest. */
  readonly textBytes: number
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

/** The boundary of a form that is properly announced; `undefined`: it is none, or whoever reads it will refuse it. */
export function announcedBoundary(headers: readonly string[]): string | undefined {
  try {
    return formBoundary(headers)
  } catch (failure) {
    if (failure instanceof Refused) return undefined
    throw failure
  }
}

/**
 * Reads the fields of these names. As in JSON, none of them may come twice or in other letters; nor as a file, or as a
 * list (`model[]`), which other parsers take for the same.
 * @throws Refused `invalid_request`.
 */
export function readForm(form: FormBytes, judged: readonly string[]): Form {
  const { payload, gaps = [] } = form
  const spans = new Map<string, Span>()
  let files = 0
  let fileBytes = 0
  for (const part of partsOf(form)) {
    const [base = ''] = part.name.toLowerCase().split('[', 1)
    if (!judged.includes(base)) {
      if (base === '_charset_') throw new Refused('invalid_request', 'leave out _charset_')
      if (!part.isFile && !isFileAsText(payload, part)) continue
      files++
      fileBytes += part.bytes
      continue
    }
    if (part.name !== base) {
      throw new Refused('invalid_request', `write ${base} in lower case, once`)
    }
    if (part.isFile) throw new Refused('invalid_request', `${base} must be a field, not a file`)
    if (spans.has(base)) throw new Refused('invalid_request', `the body names ${base} twice`)
    refuseLong(part)
    spans.set(base, { start: part.start, end: part.end })
  }
  const bytes = gaps.reduce((sum, gap) => sum + gap.bytes, payload.length)
  const textBytes = Math.max(0, bytes - fileBytes)
  return { body: () => fieldsIn(payload, spans), spans, files, fileBytes, textBytes }
}

/** @throws Refused for a field that is judged, but not wholly at hand. */
export function refuseLong({ name, start, end, bytes }: Part): void {
  if (bytes === end - start) return
  throw new Refused('invalid_request', `${name} is too long: it has ${bytes} bytes`)
}

function isFileAsText(payload: Buffer, { start, bytes }: Part): boolean {
  return bytes > LONG && payload.compare(AS_TEXT, 0, 5, start, start + 5) === 0
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
