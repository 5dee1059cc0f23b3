import type { Feature } from './features.ts'
import type { MediaPart } from './neutral/request.ts'
import { note, type Uses } from './uses.ts'

/** `place`: of the media itself. */
export function noteMedia(uses: Uses, media: MediaPart, place: string): void {
  const { detail } = media
  if (detail !== undefined && detail !== 'auto') note(uses, 'image_detail', place)
  note(uses, featureOf(media), place)
}

function featureOf({ kind, source }: MediaPart): Feature {
  if (source.kind === 'id') return 'stored_file'
  if (kind === 'audio' || kind === 'video') return kind
  const fetched = source.kind === 'url'
  if (kind === 'image') return fetched ? 'image_url' : 'image_bytes'
  return fetched ? 'file_url' : 'file_bytes'
}
