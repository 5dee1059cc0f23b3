import { sourceOfDataUrl } from '../data-url.ts'
import { isObject, needed, objectAt, textAt, wrong } from '../json.ts'
import type { CacheMark, JsonObject, MediaPart, TextPart } from '../neutral/request.ts'
import type { Source } from '../neutral/source.ts'
import { note, type Uses } from '../uses.ts'

/** The content of a message of the user or a tool: a text, or a list of texts and media. */
export function readContent(value: unknown, place: string, uses: Uses): (TextPart | MediaPart)[] {
  if (typeof value === 'string') return [{ kind: 'text', text: value }]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return wrong(place, 'a string or a list')
  const given: readonly unknown[] = value
  return given.map((part, at) => {
    const where = `${place}[${at}]`
    return isObject(part) ? readPart(part, where, uses) : wrong(where, 'an object')
  })
}

/** The same where there are only texts. */
export function readTexts(value: unknown, place: string, uses: Uses): TextPart[] {
  return readContent(value, place, uses).map((part, at) =>
    part.kind === 'text' ? part : wrong(`${place}[${at}].type`, 'text'),
  )
}

function readPart(part: JsonObject, place: string, uses: Uses): TextPart | MediaPart {
  const cache = readCacheMark(part, place, uses)
  switch (part.type) {
    case 'text':
    case 'refusal': {
      const member = part.type
      const text = needed(textAt(part[member], `${place}.${member}`), `${place}.${member}`)
      return cache === undefined ? { kind: 'text', text } : { kind: 'text', text, cache }
    }
    case 'image_url':
      return { ...readImage(part.image_url, `${place}.image_url`, uses), cache }
    case 'input_audio':
      return { ...readAudio(part.input_audio, `${place}.input_audio`, uses), cache }
    case 'file':
      return { ...readFile(part.file, `${place}.file`, uses), cache }
    case 'video_url': {
      note(uses, 'video', place)
      const video = needed(objectAt(part.video_url, `${place}.video_url`), `${place}.video_url`)
      return { kind: 'video', source: readUrl(video.url, `${place}.video_url.url`), cache }
    }
    default:
      return wrong(`${place}.type`, 'one of text, image_url, input_audio, file')
  }
}

/** Both ways to say it: OpenAI's own, and Anthropic's, which resellers take. */
function readCacheMark(part: JsonObject, place: string, uses: Uses): CacheMark | undefined {
  const own = objectAt(part.prompt_cache_breakpoint, `${place}.prompt_cache_breakpoint`)
  const other = objectAt(part.cache_control, `${place}.cache_control`)
  const mark = own ?? other
  if (mark === undefined) return undefined
  note(uses, 'cache_marks', place)
  return mark.ttl === undefined || mark.ttl === '5m' ? '5m' : '1h'
}

function readUrl(value: unknown, place: string): Source {
  const url = needed(textAt(value, place), place)
  const inline = sourceOfDataUrl(url)
  if (inline !== undefined) return inline
  if (url.startsWith('https://') || url.startsWith('http://'))
    return { kind: 'url', url, mediaType: undefined }
  return wrong(place, 'an https: or data: URL')
}

function readImage(value: unknown, place: string, uses: Uses): MediaPart {
  // Some clients send the URL alone.
  const image = typeof value === 'string' ? { url: value } : objectAt(value, place)
  const { url, detail } = needed<JsonObject>(image, place)
  const source = readUrl(url, `${place}.url`)
  note(uses, source.kind === 'url' ? 'image_url' : 'image_bytes', place)
  const closeness = textAt(detail, `${place}.detail`)
  if (closeness === undefined) return { kind: 'image', source }
  if (closeness !== 'auto') note(uses, 'image_detail', `${place}.detail`)
  return { kind: 'image', source, detail: closeness }
}

function readAudio(value: unknown, place: string, uses: Uses): MediaPart {
  note(uses, 'audio', place)
  const audio = needed(objectAt(value, place), place)
  const format = needed(textAt(audio.format, `${place}.format`), `${place}.format`)
  const base64 = needed(textAt(audio.data, `${place}.data`), `${place}.data`)
  const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`
  return { kind: 'audio', source: { kind: 'bytes', mediaType, base64 } }
}

function readFile(value: unknown, place: string, uses: Uses): MediaPart {
  const file = needed(objectAt(value, place), place)
  const name = textAt(file.filename, `${place}.filename`)
  const id = textAt(file.file_id, `${place}.file_id`)
  if (id !== undefined) {
    note(uses, 'stored_file', place)
    return { kind: 'file', source: { kind: 'id', id }, name }
  }
  const sent = needed(textAt(file.file_data, `${place}.file_data`), `${place}.file_data`)
  if (sent.startsWith('https://') || sent.startsWith('http://')) {
    note(uses, 'file_url', place)
    return { kind: 'file', source: { kind: 'url', url: sent, mediaType: undefined }, name }
  }
  note(uses, 'file_bytes', place)
  const source = sourceOfDataUrl(sent) ?? {
    kind: 'bytes',
    mediaType: typeOfName(name ?? ''),
    base64: sent,
  }
  return { kind: 'file', source, name }
}

const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
}

function typeOfName(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return Object.hasOwn(TYPES, ending) ? (TYPES[ending] ?? '') : 'application/pdf'
}
