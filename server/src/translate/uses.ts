import type { Feature } from './features.ts'
import type { MediaPart } from './neutral/request.ts'

/** What a call asks for, as `NeutralRequest.uses` while it is being read. */
export type Uses = Map<Feature, string>

/** The first place that asks for a feature is the one that is told. */
export function note(uses: Uses, feature: Feature, place: string): void {
  if (!uses.has(feature)) uses.set(feature, place)
}

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
