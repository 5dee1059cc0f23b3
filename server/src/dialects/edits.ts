import type { Loose, ParsedCall, Span } from './dialect.ts'

/** Other bytes for a stretch of a body. */
export interface Edit extends Span {
  readonly text: string
}

/** Before the first member, of a body that has at least one. */
export function added(payload: Buffer, member: string): Edit {
  const start = payload.indexOf('{') + 1
  return { start, end: start, text: `${member},` }
}

/** The same before the first member of a body that may have none. */
export function addedToAny(payload: Buffer, member: string, body: Loose): Edit {
  const edit = added(payload, member)
  return Object.keys(body).length > 0 ? edit : { ...edit, text: member }
}

/** A member's value, from its own bytes. */
export function memberOf(payload: Buffer, { spans }: ParsedCall, name: string): unknown {
  const span = spans.get(name)
  return span === undefined ? undefined : JSON.parse(payload.toString('utf8', span.start, span.end))
}

/** A member with its name, by where its value stands. */
export function memberAt(payload: Buffer, { start, end }: Span): Span {
  const closing = payload.lastIndexOf(QUOTE, start - 1)
  // A name that is judged holds no quote, however it is spelt.
  return { start: payload.lastIndexOf(QUOTE, closing - 1), end }
}

/** Takes a member away, with the comma behind it or else the one before it. */
export function removed(payload: Buffer, value: Span): Edit {
  let { start, end } = memberAt(payload, value)
  const behind = pastBlanks(payload, end, 1)
  const before = pastBlanks(payload, start - 1, -1)
  if (payload[behind] === COMMA) end = behind + 1
  else if (payload[before] === COMMA) start = before
  return { start, end, text: '' }
}

const QUOTE = 0x22
const COMMA = 0x2c
const BLANKS: readonly (number | undefined)[] = [0x20, 0x0a, 0x0d, 0x09]

function pastBlanks(payload: Buffer, from: number, step: number): number {
  let at = from
  while (BLANKS.includes(payload[at])) at += step
  return at
}

/** The body with its edits, and otherwise byte for byte. */
export function spliced(payload: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = []
  let from = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(payload.subarray(from, edit.start), Buffer.from(edit.text))
    from = edit.end
  }
  pieces.push(payload.subarray(from))
  return Buffer.concat(pieces)
}

/** Lowers the limits of these names, and adds one where the caller set none. */
export function topLevelLimit(
  payload: Buffer,
  parsed: ParsedCall,
  { names, tokens, added: name }: NamedLimit,
): readonly Edit[] {
  const edits: Edit[] = []
  for (const one of names) {
    const asked = memberOf(payload, parsed, one)
    const span = parsed.spans.get(one)
    if (span !== undefined && typeof asked === 'number' && asked > tokens) {
      edits.push({ ...span, text: String(tokens) })
    }
  }
  if (parsed.outputLimit !== undefined) return edits
  const span = parsed.spans.get(name)
  return [
    span === undefined ? added(payload, `"${name}":${tokens}`) : { ...span, text: String(tokens) },
  ]
}

interface NamedLimit {
  readonly names: readonly string[]
  readonly tokens: number
  readonly added: string
}
