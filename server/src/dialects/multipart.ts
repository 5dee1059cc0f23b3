import { Refused } from '../errors.ts'
import type { Span } from './dialect.ts'

/**
 * Reads multipart/form-data (RFC 7578) whose bytes go on to another parser, which must find the same parts with the same
 * names. Parsers differ in whatever the standards leave open or forbid, so all of that is refused: other line ends than
 * CRLF, text around the parts, a boundary within one, folded or doubled headers, escaped quotes, encodings of transfer.
 */

/** Bytes of a body that are not at hand: they stand at this place of those that are. */
export interface Gap {
  readonly at: number
  readonly bytes: number
}

/** A form as it came; of a long one without what was left out of its files. */
export interface FormBytes {
  readonly payload: Buffer
  readonly boundary: string
  /** In their order. Absent: all of it is at hand. */
  readonly gaps?: readonly Gap[] | undefined
}

/** A part of a form: its name, and where its content stands in the body. Nothing of it is copied. */
export interface Part extends Span {
  readonly name: string
  /** Length of its content, which is more than the span's where some of it is not at hand. */
  readonly bytes: number
  /** It has a file name. */
  readonly isFile: boolean
}

export const MOST_PARTS = 256
/** Of a part: what is left out of a body lies behind it. */
export const LONGEST_HEAD = 8 * 1024
const NO_GAPS: readonly Gap[] = []
const LONGEST_NAME = 128
const CRLF = Buffer.from('\r\n')
const EMPTY_LINE = Buffer.from('\r\n\r\n')
const CLOSING = Buffer.from('--')
/** RFC 2046, 5.1.1. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/
const NAME = /^[\w.-]+(?:\[[\w.-]*\])*$/
const HEADER = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*)$/
/** `; name=token` or `; name="text"`; a backslash before a quote is read in two ways. */
const PARAMETER = /[ \t]*;[ \t]*([\w*-]+)=(?:"((?:[^"\\]|\\(?!"))*)"|([^\s;"\\,]+))/y
/** What no line of a head may hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/
const CHARSET = /charset\*?=([^;]*)/gi
const PLAIN_CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii', 'iso-8859-1'])
const PLAIN_TRANSFER = new Set(['7bit', '8bit', 'binary'])

const malformed = (because: string) =>
  new Refused('invalid_request', `the body is no proper multipart/form-data: ${because}`)

/** The boundary that a Content-Type names. @throws Refused `invalid_request`. */
export function boundaryOf(contentType: string): string {
  const semicolon = contentType.indexOf(';')
  const parameters =
    semicolon < 0 ? new Map<string, string>() : parametersIn(contentType.slice(semicolon))
  const boundary = parameters?.get('boundary')
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw malformed('its content-type must name one boundary, of 1 to 70 characters')
  }
  for (const [name, value] of parameters ?? []) {
    const isKnown = name === 'boundary' || (name === 'charset' && isPlainCharset(value))
    if (!isKnown) throw malformed(`its content-type must not have the parameter ${quoted(name)}`)
  }
  return boundary
}

/** All parts, in their order. @throws Refused `invalid_request`. */
export function partsOf({ payload, boundary, gaps = NO_GAPS }: FormBytes): readonly Part[] {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  if (!standsAt(payload, delimiter, 0)) throw malformed('it must begin with its boundary')
  const parts: Part[] = []
  let at = delimiter.length
  while (!standsAt(payload, CLOSING, at)) {
    if (!standsAt(payload, CRLF, at)) throw malformed('its boundary must be followed by CRLF')
    if (parts.length === MOST_PARTS) throw tooManyParts()
    const start = at + CRLF.length
    const next = payload.indexOf(delimiter, start)
    if (next < 0) throw malformed('it ends before its last boundary')
    const end = next + delimiter.length
    // It is made up of what stands before a gap and behind it.
    if (gaps.some((gap) => gap.at > next && gap.at < end)) throw strayBoundary()
    const missing = gaps.find((gap) => gap.at > start && gap.at <= next)
    parts.push(partIn(payload, { start, end: next }, missing?.bytes ?? 0))
    at = end
  }
  const rest = payload.length - at - CLOSING.length
  const isOver = rest === 0 || (rest === CRLF.length && standsAt(payload, CRLF, at + 2))
  if (!isOver) throw malformed('something follows its last boundary')
  return parts
}

const standsAt = (payload: Buffer, wanted: Buffer, at: number): boolean =>
  at >= 0 &&
  at + wanted.length <= payload.length &&
  payload.compare(wanted, 0, wanted.length, at, at + wanted.length) === 0

export const tooManyParts = () => malformed(`it has more than ${MOST_PARTS} parts`)

const strayBoundary = () =>
  malformed('its boundary must stand at the beginning of a line, and nowhere within a part')

/** The part between two delimiters, of which so many bytes are not at hand. */
function partIn(payload: Buffer, { start, end: next }: Span, missing: number): Part {
  const head = payload.subarray(start, Math.min(next, start + LONGEST_HEAD))
  const headEnd = head.indexOf(EMPTY_LINE)
  const content = { start: start + headEnd + EMPTY_LINE.length, end: next - CRLF.length }
  if (headEnd < 0) {
    throw malformed(`a part needs headers of at most ${LONGEST_HEAD} bytes and an empty line`)
  }
  if (content.end < content.start || !standsAt(payload, CRLF, content.end)) {
    throw strayBoundary()
  }
  const bytes = content.end - content.start + missing
  const headers = headersIn(head.toString('latin1', 0, headEnd))
  const disposition = dispositionIn(headers.get('content-disposition'))
  refuseReadings(headers, bytes, disposition.isFile)
  return { ...disposition, ...content, bytes }
}

function headersIn(head: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const line of head.split('\r\n')) {
    const [, name, value] = (!CONTROL.test(line) && HEADER.exec(line)) || []
    if (name === undefined || value === undefined) throw malformed('a part has a broken header')
    const lower = name.toLowerCase()
    if (headers.has(lower)) throw malformed(`a part has two headers ${quoted(lower)}`)
    headers.set(lower, value.trimEnd())
  }
  return headers
}

function dispositionIn(header: string | undefined): Pick<Part, 'name' | 'isFile'> {
  const parameters = /^form-data(?=[ \t]*;)/i.test(header ?? '')
    ? parametersIn((header ?? '').slice('form-data'.length))
    : undefined
  const name = parameters?.get('name')
  if (parameters === undefined || name === undefined) {
    throw malformed('each part needs Content-Disposition: form-data; name="..."')
  }
  for (const known of parameters.keys()) {
    if (known !== 'name' && known !== 'filename' && known !== 'filename*')
      throw malformed(`a Content-Disposition must not have the parameter ${quoted(known)}`)
  }
  if (name.length > LONGEST_NAME || !NAME.test(name)) {
    throw malformed(`a part can't be named ${quoted(name)}`)
  }
  return { name, isFile: parameters.has('filename') || parameters.has('filename*') }
}

/** Headers by which a parser may read other content than stands there. */
function refuseReadings(
  headers: ReadonlyMap<string, string>,
  bytes: number,
  isFile: boolean,
): void {
  const transfer = headers.get('content-transfer-encoding')
  if (transfer !== undefined && !PLAIN_TRANSFER.has(transfer.toLowerCase())) {
    throw malformed('Content-Transfer-Encoding must be binary, or left out')
  }
  const length = headers.get('content-length')
  if (length !== undefined && length !== String(bytes)) {
    throw malformed('the Content-Length of a part is not its length')
  }
  if (isFile) return
  for (const [, charset = ''] of (headers.get('content-type') ?? '').matchAll(CHARSET)) {
    if (!isPlainCharset(charset)) throw malformed('write its fields in UTF-8')
  }
}

const isPlainCharset = (charset: string): boolean =>
  PLAIN_CHARSETS.has(charset.trim().replaceAll('"', '').toLowerCase())

/** By name, in lower case; `undefined`: they are not well formed, or one of them comes twice. */
function parametersIn(text: string): Map<string, string> | undefined {
  const found = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    PARAMETER.lastIndex = at
    const [all, name, inQuotes, token] = PARAMETER.exec(text) ?? []
    if (all === undefined || name === undefined) return undefined
    const lower = name.toLowerCase()
    if (found.has(lower)) return undefined
    found.set(lower, inQuotes ?? token ?? '')
    at += all.length
  }
  return found
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 40))
