import { flagAt, isObject, needed, objectAt, textAt } from '../json.ts'
import { jsonAt } from '../json-text.ts'
import { kindOfType, typeByEnding } from '../media-types.ts'
import { noteMedia } from '../media-use.ts'
import type { JsonObject, MediaPart, TextPart, ToolResultPart } from '../neutral/request.ts'
import type { Source } from '../neutral/source.ts'
import { note, type Uses } from '../uses.ts'
import type { CallIds } from './call-ids.ts'
import { member, oneOrMoreAt } from './members.ts'

/** What only Google's own tools put into a conversation. */
const HOSTED = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse']
export const isHosted = (part: JsonObject): boolean =>
  HOSTED.some((name) => isObject(member(part, name)))

/** `inlineData` or `fileData`; `undefined`: the part is something else. */
export function readMedia(part: JsonObject, place: string, uses: Uses): MediaPart | undefined {
  const media = inlineMedia(part, place) ?? fileMedia(part, place)
  if (media !== undefined) noteMedia(uses, media, place)
  return media
}

function inlineMedia(part: JsonObject, place: string): MediaPart | undefined {
  const here = `${place}.inlineData`
  const blob = objectAt(member(part, 'inlineData'), here)
  if (blob === undefined) return undefined
  const mediaType = needed(textAt(member(blob, 'mimeType'), `${here}.mimeType`), `${here}.mimeType`)
  const base64 = needed(textAt(blob.data, `${here}.data`), `${here}.data`)
  const name = textAt(member(blob, 'displayName'), `${here}.displayName`)
  return { kind: kindOfType(mediaType), source: { kind: 'bytes', mediaType, base64 }, name }
}

function fileMedia(part: JsonObject, place: string): MediaPart | undefined {
  const here = `${place}.fileData`
  const file = objectAt(member(part, 'fileData'), here)
  if (file === undefined) return undefined
  const uri = needed(textAt(member(file, 'fileUri'), `${here}.fileUri`), `${here}.fileUri`)
  const told = textAt(member(file, 'mimeType'), `${here}.mimeType`)
  const mediaType = told ?? typeByEnding(uri)
  const name = textAt(member(file, 'displayName'), `${here}.displayName`)
  const kind = mediaType === undefined ? kindOfUri(uri) : kindOfType(mediaType)
  return { kind, source: sourceOf(uri, mediaType), name }
}

const kindOfUri = (uri: string): MediaPart['kind'] =>
  uri.includes('youtube.com/') || uri.includes('youtu.be/') ? 'video' : 'file'

const STORED = 'https://generativelanguage.googleapis.com/'

/** Files that were uploaded to Google have addresses, too, but nobody else can fetch them. */
function sourceOf(uri: string, mediaType: string | undefined): Source {
  const open = uri.startsWith('https://') || uri.startsWith('http://')
  return open && !uri.startsWith(STORED)
    ? { kind: 'url', url: uri, mediaType }
    : { kind: 'id', id: uri }
}

/** `functionResponse`; `undefined`: the part is something else. */
export function readFunctionResult(
  part: JsonObject,
  place: string,
  { ids, uses }: { ids: CallIds; uses: Uses },
): ToolResultPart | undefined {
  const here = `${place}.functionResponse`
  const result = objectAt(member(part, 'functionResponse'), here)
  if (result === undefined) return undefined
  const name = needed(textAt(result.name, `${here}.name`), `${here}.name`)
  const id = ids.ofResult(textAt(result.id, `${here}.id`) || undefined, name)
  const { text, failed } = said(objectAt(result.response, `${here}.response`), here)
  if (failed) note(uses, 'tool_failure', `${here}.response.error`)
  const parts: (TextPart | MediaPart)[] = text === '' ? [] : [{ kind: 'text', text }]
  for (const [at, media] of oneOrMoreAt(result.parts, `${here}.parts`).entries()) {
    const of = `${here}.parts[${at}]`
    const read = readMedia(needed(objectAt(media, of), of), of, uses)
    if (read === undefined) continue
    parts.push(read)
    note(uses, 'tool_result_media', of)
  }
  return { kind: 'tool_result', id, name, parts, failed }
}

/** Google: `output` is the result, `error` the failure, and without both all of it is the result. */
function said(response: JsonObject | undefined, place: string): { text: string; failed: boolean } {
  if (response === undefined) return { text: '', failed: false }
  const asText = (value: unknown): string =>
    typeof value === 'string' ? value : jsonAt(value, `${place}.response`)
  const { output, error, result } = response
  if (output !== undefined) return { text: asText(output), failed: false }
  if (error !== undefined && error !== null) return { text: asText(error), failed: true }
  // What the libraries of Google wrap a plain value in.
  if (result !== undefined && Object.keys(response).length === 1) {
    return { text: asText(result), failed: false }
  }
  return { text: asText(response), failed: false }
}

export const isThought = (part: JsonObject, place: string): boolean =>
  flagAt(part.thought, `${place}.thought`) ?? false
