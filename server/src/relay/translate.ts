import type { Channel } from '../channels/channel.ts'
import { TYPE_RULES } from '../channels/types/types.ts'
import type { Span } from '../dialects/dialect.ts'
import type { UpstreamRequest } from './forward/answer.ts'
import type { ModelCall, Reserved } from './values.ts'

/** A request for one channel, and what of its answer was asked for by us alone. */
export interface Translated {
  readonly request: UpstreamRequest
  readonly hideUsage: boolean
}

interface Edit extends Span {
  readonly text: string
}

/** Contract 3: the body goes out byte for byte, with exactly these edits where they apply. */
export function translate(
  reserved: Reserved,
  channel: Channel,
  headers: readonly string[],
): Translated {
  const { call } = reserved
  const { chatPath } = TYPE_RULES[channel.type]
  const edits: Edit[] = []
  const mapped = channel.mapping.get(call.parsed.model)
  const model = call.parsed.spans.get('model')
  if (mapped !== undefined && model !== undefined)
    edits.push({ ...model, text: JSON.stringify(mapped) })
  const usage = usageEdit(reserved)
  if (usage !== undefined) edits.push(usage)
  if (reserved.outputLimit !== undefined)
    edits.push(...limitEdits(reserved, channel, reserved.outputLimit))
  return {
    request: {
      method: 'POST',
      path: chatPath(channel.baseUrl, mapped ?? call.parsed.model, call.query),
      headers,
      body: edits.length === 0 ? call.payload : spliced(call.payload, edits),
    },
    hideUsage: usage !== undefined,
  }
}

/** Streams report usage only when they are asked to. */
function usageEdit({ call }: Reserved): Edit | undefined {
  const { parsed, payload } = call
  if (!parsed.stream) return undefined
  const options = memberOf(call, 'stream_options') ?? {}
  if (typeof options !== 'object' || Array.isArray(options)) return undefined
  if ((options as { include_usage?: unknown }).include_usage === true) return undefined
  const span = parsed.spans.get('stream_options')
  if (span === undefined) return added(payload, '"stream_options":{"include_usage":true}')
  return { ...span, text: JSON.stringify({ ...options, include_usage: true }) }
}

/** A judged member's value, from its own bytes. */
function memberOf({ parsed, payload }: ModelCall, name: string): unknown {
  const span = parsed.spans.get(name)
  return span === undefined ? undefined : JSON.parse(payload.toString('utf8', span.start, span.end))
}

/** Lowers what the caller asked, or adds a limit where it asked none. */
function limitEdits({ call }: Reserved, channel: Channel, limit: number): readonly Edit[] {
  const edits: Edit[] = []
  for (const name of ['max_completion_tokens', 'max_tokens']) {
    const asked = memberOf(call, name)
    const span = call.parsed.spans.get(name)
    if (span !== undefined && typeof asked === 'number') {
      if (asked > limit) edits.push({ ...span, text: String(limit) })
    }
  }
  if (call.parsed.outputLimit !== undefined) return edits
  const name = TYPE_RULES[channel.type].outputLimit
  const span = call.parsed.spans.get(name)
  return [
    span === undefined
      ? added(call.payload, `"${name}":${limit}`)
      : { ...span, text: String(limit) },
  ]
}

/** Before the first member: the body has at least one, its model. */
function added(payload: Buffer, member: string): Edit {
  const start = payload.indexOf('{') + 1
  return { start, end: start, text: `${member},` }
}

function spliced(payload: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = []
  let from = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(payload.subarray(from, edit.start), Buffer.from(edit.text))
    from = edit.end
  }
  pieces.push(payload.subarray(from))
  return Buffer.concat(pieces)
}
