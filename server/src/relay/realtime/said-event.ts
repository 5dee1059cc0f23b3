import type { Span } from '../../dialects/dialect.ts'
import { readMembers } from '../../dialects/members.ts'

/** A client's event, as far as it is judged. Whatever else it says passes untouched. */
export interface Said {
  readonly of: 'response' | 'session' | 'sound' | 'other'
  /** The client's own name of it, which answers repeat. */
  readonly id: string | null
  /** The models that it names. */
  readonly models: readonly NamedModel[]
  /** Of sound: its bytes. */
  readonly bytes: number
  /** What the session should be: `realtime` or `transcription`. Absent: it does not say. */
  readonly type?: unknown
}

export interface NamedModel {
  /** Who answers, or who writes down what is heard. */
  readonly as: 'speaker' | 'transcriber'
  readonly name: unknown
  /** Its value, in the bytes of the event. */
  readonly span: Span
}

const EVENT = ['type', 'event_id', 'session', 'response', 'audio']
const SESSION = ['model', 'audio', 'input_audio_transcription']
const KINDS: ReadonlyMap<unknown, Said['of']> = new Map([
  ['response.create', 'response'],
  ['session.update', 'session'],
  ['transcription_session.update', 'session'],
  ['input_audio_buffer.append', 'sound'],
])
const LONGEST_ID = 512
const NO_MODELS: readonly NamedModel[] = []

/**
 * Reads an event as its receiver will: a member that comes twice is refused, wherever it counts. Bytes that are none are
 * sound.
 * @throws Refused `invalid_request`.
 */
export function readSaidEvent(bytes: Buffer, isBinary: boolean): Said {
  if (isBinary && !maybeJson(bytes)) {
    return { of: 'sound', id: null, models: NO_MODELS, bytes: bytes.length }
  }
  const { body, spans } = readMembers(bytes, EVENT)
  const { event_id: named, audio } = body
  const id = typeof named === 'string' && named.length <= LONGEST_ID ? named : null
  const of = KINDS.get(body.type) ?? 'other'
  if (of === 'other') return { of, id, models: NO_MODELS, bytes: 0 }
  if (of === 'sound') {
    const length = typeof audio === 'string' ? Buffer.byteLength(audio, 'base64') : 0
    return { of, id, models: NO_MODELS, bytes: length }
  }
  const models = [
    ...modelsIn(bytes, spans.get('session')),
    ...modelsIn(bytes, spans.get('response')),
  ]
  const type = inside(bytes, spans.get('session'), ['type']).get('type')
  return { of, id, models, bytes: 0, ...(type && { type: valueAt(bytes, type) }) }
}

const OPEN = 0x7b
/** Blanks, and what stands before the first letter in other encodings than UTF-8. */
const BEFORE = new Set([0x00, 0x09, 0x0a, 0x0d, 0x20, 0xbb, 0xbf, 0xef, 0xfe, 0xff])

/** Sound is sent as bytes by some; but some receivers take bytes for text. */
function maybeJson(bytes: Buffer): boolean {
  for (const byte of bytes) if (!BEFORE.has(byte)) return byte === OPEN
  return false
}

function modelsIn(bytes: Buffer, session: Span | undefined): readonly NamedModel[] {
  const members = inside(bytes, session, SESSION)
  const input = inside(bytes, inside(bytes, members.get('audio'), ['input']).get('input'), [
    'transcription',
  ])
  const models: NamedModel[] = []
  const note = (as: NamedModel['as'], span: Span | undefined) => {
    if (span === undefined) return
    models.push({ as, span, name: valueAt(bytes, span) })
  }
  note('speaker', members.get('model'))
  for (const place of [input.get('transcription'), members.get('input_audio_transcription')]) {
    note('transcriber', inside(bytes, place, ['model']).get('model'))
  }
  return models
}

const valueAt = (bytes: Buffer, { start, end }: Span): unknown =>
  JSON.parse(bytes.toString('utf8', start, end))

const NONE: ReadonlyMap<string, Span> = new Map()

/** The judged members of an object within the event; none where it is no object. */
function inside(
  bytes: Buffer,
  object: Span | undefined,
  judged: readonly string[],
): ReadonlyMap<string, Span> {
  if (object === undefined || bytes[object.start] !== OPEN) return NONE
  const { spans } = readMembers(bytes.subarray(object.start, object.end), judged)
  const moved = [...spans].map(([name, { start, end }]) => {
    return [name, { start: object.start + start, end: object.start + end }] as const
  })
  return new Map(moved)
}
