import { isAscii, isUtf8 } from 'node:buffer'
import { Refused } from '../errors.ts'
import type { Span } from './dialect.ts'

/** Contract 5. */
const MOST_DEPTH = 128
/** Longer names than any we judge need no folding. */
const LONGEST_JUDGED = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A body as we understood it, and where the members we judge stand in its bytes. */
export interface ReadBody {
  readonly body: Readonly<Record<string, unknown>>
  readonly spans: ReadonlyMap<string, Span>
}

/**
 * Parses a JSON object whose bytes go on to another parser. What we judge by (`judged` names) must be what that parser
 * will read too, so a judged name that comes twice is refused (parsers differ in which one counts), and so is one in
 * other letters (Go's parser takes `Model` for `model`).
 * @throws Refused `invalid_request`.
 */
export function readMembers(payload: Buffer, judged: readonly string[]): ReadBody {
  if (payload.length === 0)
    throw new Refused('invalid_request', 'the body is empty: send a JSON object')
  const isPlain = isAscii(payload)
  if (!isPlain && !isUtf8(payload))
    throw new Refused('invalid_request', 'the body is not valid UTF-8')
  const scanned: Scanned = { payload, text: payload.toString('latin1'), isPlain }
  const spans = topLevel(scanned, judged)
  const body = parsed(isPlain ? scanned.text : payload.toString('utf8'))
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refused('invalid_request', 'the body must be a JSON object')
  }
  return { body: body as Record<string, unknown>, spans }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused('invalid_request', 'the body is not valid JSON')
  }
}

/** Bytes, and the same as text with one character a byte, in which the engine searches and cuts at a tenth of the cost. */
interface Scanned {
  readonly payload: Buffer
  readonly text: string
  /** All of it is ASCII: the text is what it says. */
  readonly isPlain: boolean
}

/** One pass over the bytes, before anything is parsed. Forgiving: what is no JSON is refused by the parser afterwards. */
function topLevel(scanned: Scanned, judged: readonly string[]): Map<string, Span> {
  const { payload } = scanned
  const spans = new Map<string, Span>()
  let depth = 0
  let name: string | undefined
  let start = -1
  const close = (end: number) => {
    if (name !== undefined && start >= 0) note(spans, judged, name, trimmed(payload, start, end))
    name = undefined
    start = -1
  }
  for (let at = 0; at < payload.length; at++) {
    const byte = payload[at]
    if (byte === QUOTE) {
      const end = closingQuote(scanned.text, at)
      if (depth === 1 && start < 0) name = nameAt(scanned, at, end)
      at = end
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (++depth > MOST_DEPTH)
        throw new Refused('invalid_request', `the body is nested deeper than ${MOST_DEPTH}`)
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (--depth === 0) close(at)
    } else if (depth === 1) {
      if (byte === COLON && start < 0) start = at + 1
      else if (byte === COMMA) close(at)
    }
  }
  return spans
}

function note(spans: Map<string, Span>, judged: readonly string[], name: string, span: Span) {
  const known = amongst(judged, name)
  if (known !== undefined) {
    if (spans.has(known)) throw new Refused('invalid_request', `the body names ${known} twice`)
    spans.set(known, span)
    return
  }
  if (name.length > LONGEST_JUDGED) return
  const folded = amongst(judged, name.toUpperCase().toLowerCase())
  if (folded !== undefined)
    throw new Refused('invalid_request', `write ${folded} in lower case, once`)
}

/** Our own text of a name: what was cut out of a body would keep all of it in memory. */
function amongst(judged: readonly string[], name: string): string | undefined {
  for (const one of judged) if (one === name) return one
  return undefined
}

/** The engine's own search leaps over long strings, such as prompts. */
function closingQuote(text: string, open: number): number {
  for (let at = open + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return text.length
    let before = quote - 1
    while (before >= at && text.charCodeAt(before) === BACKSLASH) before--
    // An even number of backslashes escape each other.
    if ((quote - before) % 2 === 1) return quote
    at = quote + 1
  }
}

function nameAt({ payload, text, isPlain }: Scanned, open: number, close: number): string {
  const written = isPlain ? text.slice(open + 1, close) : payload.toString('utf8', open + 1, close)
  if (!written.includes('\\')) return written
  try {
    return String(JSON.parse(`"${written}"`))
  } catch {
    return written
  }
}

function trimmed(payload: Buffer, from: number, to: number): Span {
  let start = from
  let end = to
  while (start < end && isBlank(payload[start])) start++
  while (end > start && isBlank(payload[end - 1])) end--
  return { start, end }
}

const isBlank = (byte: number | undefined) =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
