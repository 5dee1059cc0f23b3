import { append } from '../append.ts'
import { isObject, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import { unwrapMark } from '../neutral/foreign-mark.ts'
import type { CacheMark, JsonObject, MediaPart, TextPart } from '../neutral/request.ts'
import type { Source } from '../neutral/source.ts'
import { note, type Uses } from '../uses.ts'

/** The blocks that stand in several places of a request: texts, images and documents. */

export function readCacheMark(value: unknown, place: string, uses: Uses): CacheMark | undefined {
  const mark = objectAt(value, place)
  if (mark === undefined) return undefined
  note(uses, 'cache_marks', place)
  return oneOfAt(mark.ttl, ['5m', '1h'], `${place}.ttl`) ?? '5m'
}

export function readTextBlock(block: JsonObject, place: string, uses: Uses): TextPart {
  const text = needed(textAt(block.text, `${place}.text`), `${place}.text`)
  const cache = readCacheMark(block.cache_control, `${place}.cache_control`, uses)
  return cache === undefined ? { kind: 'text', text } : { kind: 'text', text, cache }
}

/** Thinking that has a signature or is one. Empty: the gateway wrote it there for reasoning without any. */
export function readMark(value: unknown, place: string): ForeignMark | undefined {
  const text = textAt(value, place)
  return text === undefined || text === '' ? undefined : unwrapMark(text, 'anthropic')
}

export function readImage(block: JsonObject, place: string, uses: Uses): MediaPart {
  const source = needed(objectAt(block.source, `${place}.source`), `${place}.source`)
  return {
    kind: 'image',
    source: readSource(source, 'image', `${place}.source`, uses),
    cache: readCacheMark(block.cache_control, `${place}.cache_control`, uses),
  }
}

/** A document is one file, or texts and images that stand in its place. */
export function readDocument(
  block: JsonObject,
  place: string,
  uses: Uses,
): readonly (TextPart | MediaPart)[] {
  const source = needed(objectAt(block.source, `${place}.source`), `${place}.source`)
  const cache = readCacheMark(block.cache_control, `${place}.cache_control`, uses)
  const citations = objectAt(block.citations, `${place}.citations`)
  if (citations?.enabled === true) note(uses, 'citations', `${place}.citations`)
  const parts: (TextPart | MediaPart)[] = []
  const about = textAt(block.context, `${place}.context`)
  if (about !== undefined && about !== '') parts.push({ kind: 'text', text: about })
  if (source.type === 'content') {
    append(parts, readContentSource(source.content, `${place}.source.content`, uses))
    return parts
  }
  const name = textAt(block.title, `${place}.title`)
  const file = readSource(source, 'file', `${place}.source`, uses)
  parts.push({ kind: 'file', source: file, name, cache })
  return parts
}

function readContentSource(content: unknown, place: string, uses: Uses): (TextPart | MediaPart)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  if (!Array.isArray(content)) return wrong(place, 'a string or a list')
  return content.map((block: unknown, at) => {
    const where = `${place}[${at}]`
    if (!isObject(block)) return wrong(where, 'an object')
    if (block.type === 'text') return readTextBlock(block, where, uses)
    if (block.type === 'image') return readImage(block, where, uses)
    return wrong(`${where}.type`, 'text or image')
  })
}

function readSource(source: JsonObject, kind: 'image' | 'file', place: string, uses: Uses): Source {
  const type = oneOfAt(source.type, ['base64', 'url', 'text', 'file'], `${place}.type`)
  switch (needed(type, `${place}.type`)) {
    case 'base64':
      note(uses, kind === 'image' ? 'image_bytes' : 'file_bytes', place)
      return {
        kind: 'bytes',
        mediaType: needed(textAt(source.media_type, `${place}.media_type`), `${place}.media_type`),
        base64: needed(textAt(source.data, `${place}.data`), `${place}.data`),
      }
    case 'url':
      note(uses, kind === 'image' ? 'image_url' : 'file_url', place)
      return {
        kind: 'url',
        url: needed(textAt(source.url, `${place}.url`), `${place}.url`),
        mediaType: kind === 'file' ? 'application/pdf' : undefined,
      }
    case 'text':
      note(uses, 'file_bytes', place)
      return { kind: 'text', text: needed(textAt(source.data, `${place}.data`), `${place}.data`) }
    case 'file':
      note(uses, 'stored_file', place)
      return {
        kind: 'id',
        id: needed(textAt(source.file_id, `${place}.file_id`), `${place}.file_id`),
      }
  }
}

/** What was found somewhere, as a text that any model can read. */
export function readSearchResult(block: JsonObject, place: string, uses: Uses): TextPart {
  const title = textAt(block.title, `${place}.title`) ?? ''
  const source = textAt(block.source, `${place}.source`) ?? ''
  const citations = objectAt(block.citations, `${place}.citations`)
  if (citations?.enabled === true) note(uses, 'citations', `${place}.citations`)
  const found = Array.isArray(block.content)
    ? block.content.map((part: unknown, at) => {
        const where = `${place}.content[${at}]`
        return isObject(part) ? readTextBlock(part, where, uses).text : wrong(where, 'an object')
      })
    : []
  const cache = readCacheMark(block.cache_control, `${place}.cache_control`, uses)
  return { kind: 'text', text: [title, source, ...found].join('\n'), cache }
}
