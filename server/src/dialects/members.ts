import { isUtf8 } from 'node:buffer'
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
export function readMembers(payload: Buffer, judged: ReadonlySet<string>): ReadBody {
  if (payload.length === 0)
    throw new Refused('invalid_request', 'the body is empty: send a JSON object')
  if (!isUtf8(payload)) throw new Refused('invalid_request', 'the body is not valid UTF-8')
  const spans = topLevel(payload, judged)
  const body = parsed(payload)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refused('invalid_request', 'the body must be a JSON object')
  }
  return { body: body as Record<string, unknown>, spans }
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    throw new Refused('invalid_request', 'the body is not valid JSON')
  }
}

/** One pass over the bytes, before anything is parsed. Forgiving: what is no JSON is refused by the parser afterwards. */
function topLevel(payload: Buffer, judged: ReadonlySet<string>): Map<string, Span> {
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
      const end = closingQuote(payload, at)
      if (depth === 1 && start < 0) name = nameAt(payload, at, end)
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

function note(spans: Map<string, Span>, judged: ReadonlySet<string>, name: string, span: Span) {
  if (judged.has(name)) {
    if (spans.has(name)) throw new Refused('invalid_request', `the body names ${name} twice`)
    spans.set(name, span)
    return
  }
  if (name.length > LONGEST_JUDGED) return
  const folded = name.toUpperCase().toLowerCase()
  if (judged.has(folded))
    throw new Refused('invalid_request', `write ${folded} in lower case, once`)
}

/** Short strings, such as names, are walked; long ones, such as prompts, are leapt over by the engine's own search. */
function closingQuote(payload: Buffer, open: number): number {
  const walked = Math.min(open + 48, payload.length)
  let at = open + 1
  for (; at < walked; at++) {
    if (payload[at] === QUOTE) return at
    if (payload[at] === BACKSLASH) at++
  }
  for (;;) {
    const quote = payload.indexOf(QUOTE, at)
    if (quote < 0) return payload.length
    let before = quote - 1
    while (before >= at && payload[before] === BACKSLASH) before--
    // An even number of backslashes escape each other.
    if ((quote - before) % 2 === 1) return quote
    at = quote + 1
  }
}

function nameAt(payload: Buffer, open: number, close: number): string {
  const written = payload.toString('utf8', open + 1, close)
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
