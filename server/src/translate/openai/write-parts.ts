import { Refused } from '../../errors.ts'
import { dataUrl } from '../data-url.ts'
import type { CacheMark, MediaPart, TextPart } from '../neutral/request.ts'
import type { Abilities } from './models.ts'

/** A member of a message or an answer, while it is filled. */
export type Written = Record<string, unknown>

/** What is to be known of the model: what it takes, and whether it reads cache marks in this dialect. */
export interface Target extends Abilities {
  readonly marksCache: boolean
}

/** One text without a mark is written as a text, as all providers read it. */
export function writeContent(
  parts: readonly (TextPart | MediaPart)[],
  target: Target,
): string | Written[] {
  const [first] = parts
  if (first === undefined) return ''
  if (parts.length === 1 && first.kind === 'text' && !isMarked(first, target)) return first.text
  return parts.map((part) =>
    marked(
      part.kind === 'text' ? { type: 'text', text: part.text } : mediaPart(part, target),
      part.cache,
      target,
    ),
  )
}

const isMarked = ({ cache }: TextPart, { marksCache }: Target): boolean =>
  marksCache && cache !== undefined

function marked(part: Written, cache: CacheMark | undefined, { marksCache }: Target): Written {
  if (marksCache && cache !== undefined)
    part.cache_control = cache === '5m' ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache }
  return part
}

/** @throws Refused where the dialect has no way to send it. */
function mediaPart(part: MediaPart, target: Target): Written {
  switch (part.kind) {
    case 'image':
      return imagePart(part)
    case 'audio':
      return { type: 'input_audio', input_audio: inputAudio(part) }
    case 'video':
      if (target.own)
        throw new Refused('unsupported_parameter', 'the provider of this model takes no video')
      return { type: 'video_url', video_url: { url: urlOf(part) } }
    case 'file':
      return filePart(part)
  }
}

export function imagePart(part: MediaPart): Written {
  const image: Written = { url: urlOf(part) }
  if (part.detail !== undefined) image.detail = part.detail
  return { type: 'image_url', image_url: image }
}

function urlOf({ kind, source }: MediaPart): string {
  if (source.kind === 'url') return source.url
  if (source.kind === 'bytes') return dataUrl(source.mediaType, source.base64)
  throw new Refused('invalid_request', `this ${kind} must be sent inline or by its URL here`)
}

function inputAudio({ source }: MediaPart): Written {
  if (source.kind !== 'bytes')
    throw new Refused('invalid_request', 'audio must be sent inline here')
  return { data: source.base64, format: audioFormat(source.mediaType) }
}

function audioFormat(mediaType: string): string {
  const format = mediaType.slice(mediaType.indexOf('/') + 1)
  switch (format) {
    case 'mpeg':
    case 'mp3':
      return 'mp3'
    case 'x-wav':
    case 'wave':
    case 'vnd.wave':
      return 'wav'
    default:
      return format
  }
}

/** A PDF goes as a file. Text goes as text, with its name above it: the provider takes no other files. */
function filePart({ source, name }: MediaPart): Written {
  switch (source.kind) {
    case 'bytes': {
      const { mediaType, base64 } = source
      if (isText(mediaType)) return namedText(Buffer.from(base64, 'base64').toString('utf8'), name)
      const file_data = dataUrl(mediaType, base64)
      return { type: 'file', file: { filename: name ?? 'document.pdf', file_data } }
    }
    case 'text':
      return namedText(source.text, name)
    case 'url':
    case 'id':
      throw new Refused('invalid_request', 'a file must be sent inline here')
  }
}

const isText = (mediaType: string): boolean =>
  mediaType.startsWith('text/') || mediaType === 'application/json'

const namedText = (text: string, name: string | undefined): Written => ({
  type: 'text',
  text: name === undefined || name === '' ? text : `${name}\n\n${text}`,
})
