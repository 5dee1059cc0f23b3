import { sourceOfDataUrl } from '../data-url.ts'
import { isObject, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import { typeOrUsual } from '../media-types.ts'
import { noteMedia } from '../media-use.ts'
import type { CacheMark, JsonObject, MediaPart, RefusalPart, TextPart } from '../neutral/request.ts'
import type { Source } from '../neutral/source.ts'
import { note, type Uses } from '../uses.ts'

export type Said = TextPart | MediaPart | RefusalPart

/**
 * The content of a message, or what a tool answered: a text, or a list.
 * @throws Refused `invalid_request`.
 */
export function readContent(value: unknown, place: string, uses: Uses): Said[] {
  if (typeof value === 'string') return value === '' ? [] : [{ kind: 'text', text: value }]
  if (!Array.isArray(value)) return wrong(place, 'a string or a list')
  return value.map((part: unknown, at) => {
    const here = `${place}[${at}]`
    return isObject(part) ? readPart(part, here, uses) : wrong(here, 'an object')
  })
}

function readPart(part: JsonObject, place: string, uses: Uses): Said {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'summary_text':
    case 'text': {
      const text = needed(textAt(part.text, `${place}.text`), `${place}.text`)
      const cache = cacheMarkOf(part, place, uses)
      return cache === undefined ? { kind: 'text', text } : { kind: 'text', text, cache }
    }
    case 'refusal':
      return {
        kind: 'refusal',
        text: needed(textAt(part.refusal, `${place}.refusal`), `${place}.refusal`),
      }
    case 'input_image':
    case 'input_file':
    case 'input_audio': {
      const media = readMedia(part, place)
      noteMedia(uses, media, place)
      return { ...media, cache: cacheMarkOf(part, place, uses) }
    }
    default:
      return wrong(`${place}.type`, 'one of input_text, input_image, input_file, output_text')
  }
}

function readMedia(part: JsonObject, place: string): MediaPart {
  if (part.type === 'input_image') {
    const detail = oneOfAt(part.detail, ['auto', 'low', 'high', 'original'], `${place}.detail`)
    return { kind: 'image', source: imageSource(part, place), detail }
  }
  if (part.type === 'input_file') return readFile(part, place)
  const here = `${place}.input_audio`
  const audio = needed(objectAt(part.input_audio, here), here)
  const format = needed(textAt(audio.format, `${here}.format`), `${here}.format`)
  const base64 = needed(textAt(audio.data, `${here}.data`), `${here}.data`)
  const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`
  return { kind: 'audio', source: { kind: 'bytes', mediaType, base64 } }
}

function imageSource({ file_id, image_url }: JsonObject, place: string): Source {
  const id = textAt(file_id, `${place}.file_id`)
  if (id !== undefined) return { kind: 'id', id }
  const here = `${place}.image_url`
  return sourceOfUrl(needed(textAt(image_url, here), here), here)
}

function sourceOfUrl(url: string, place: string): Source {
  const inline = sourceOfDataUrl(url)
  if (inline !== undefined) return inline
  if (url.startsWith('https://') || url.startsWith('http://')) {
    return { kind: 'url', url, mediaType: undefined }
  }
  return wrong(place, 'an https: or data: URL')
}

function readFile(part: JsonObject, place: string): MediaPart {
  const name = textAt(part.filename, `${place}.filename`)
  const id = textAt(part.file_id, `${place}.file_id`)
  if (id !== undefined) return { kind: 'file', source: { kind: 'id', id }, name }
  const url = textAt(part.file_url, `${place}.file_url`)
  if (url !== undefined) return { kind: 'file', source: sourceOfUrl(url, place), name }
  const base64 = needed(textAt(part.file_data, `${place}.file_data`), `${place}.file_data`)
  const source = sourceOfDataUrl(base64) ?? {
    kind: 'bytes',
    mediaType: typeOrUsual(name ?? '', 'file'),
    base64,
  }
  return { kind: 'file', source, name }
}

/** OpenAI keeps what is marked for half an hour at least. */
function cacheMarkOf(part: JsonObject, place: string, uses: Uses): CacheMark | undefined {
  const here = `${place}.prompt_cache_breakpoint`
  const mark = objectAt(part.prompt_cache_breakpoint, here)
  if (mark === undefined) return undefined
  note(uses, 'cache_marks', here)
  return mark.ttl === undefined || mark.ttl === '5m' ? '5m' : '1h'
}
