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
