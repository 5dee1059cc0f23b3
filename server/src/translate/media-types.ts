import type { MediaPart } from './neutral/request.ts'

const BY_ENDING: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['heic', 'image/heic'],
  ['heif', 'image/heif'],
  ['pdf', 'application/pdf'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['json', 'application/json'],
  ['mp3', 'audio/mpeg'],
  ['wav', 'audio/wav'],
  ['flac', 'audio/flac'],
  ['ogg', 'audio/ogg'],
  ['mp4', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['webm', 'video/webm'],
])

const USUAL: Readonly<Record<MediaPart['kind'], string>> = {
  image: 'image/jpeg',
  file: 'application/pdf',
  audio: 'audio/mpeg',
  video: 'video/mp4',
}

/** What a name or URL ends with says what it is, where nobody told. */
export function typeByEnding(name: string): string | undefined {
  const path = name.split(/[?#]/, 1)[0] ?? ''
  return BY_ENDING.get(path.slice(path.lastIndexOf('.') + 1).toLowerCase())
}

export const typeOrUsual = (name: string, kind: MediaPart['kind']): string =>
  typeByEnding(name) ?? USUAL[kind]

export function kindOfType(mediaType: string): MediaPart['kind'] {
  if (mediaType.startsWith('image/')) return 'image'
  if (mediaType.startsWith('audio/')) return 'audio'
  if (mediaType.startsWith('video/')) return 'video'
  return 'file'
}
