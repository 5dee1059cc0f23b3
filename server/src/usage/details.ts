import Type, { type Static } from 'typebox'
import { JOB_KINDS, type JobKind } from '../jobs/job.ts'
import { SERVICE_TIERS, type Usage } from './usage.ts'

/**
 * What few calls used: figures by which a price may differ and that have no column of their own. In a record they are the text
 * of one JSON object, in the API an object; what was none is left out.
 */
const FIGURES = {
  cache_write_1h_tokens: 'Of `cache_write_tokens`: kept for an hour.',
  output_audio_tokens: 'Of `audio_tokens`: output.',
  cached_audio_tokens: 'Of `cached_tokens`: audio.',
  cached_image_tokens: 'Of `cached_tokens`: images.',
  video_tokens: 'Of the input: video.',
  output_image_tokens: 'Of the output: images.',
  output_video_tokens: 'Of the output: video.',
  citation_tokens: 'Of the output: passages of sources.',
  seconds: 'Length of audio or video.',
  images: 'Images that were made.',
  searches: "Searches of the web with the provider's tool.",
  file_searches: "Searches in files with the provider's tool.",
  code_runs: "Runs of code in the provider's sandbox.",
} as const
type Figure = keyof typeof FIGURES

export const detailsSchema = Type.Object(
  {
    ...(Object.fromEntries(
      Object.entries(FIGURES).map(([name, description]) => [
        name,
        Type.Optional(Type.Number({ description })),
      ]),
    ) as { [name in Figure]: Type.TOptional<Type.TNumber> }),
    service: Type.Optional(
      Type.Enum([...SERVICE_TIERS], { description: "The provider's tier of service." }),
    ),
    job: Type.Optional(
      Type.Enum([...JOB_KINDS], { description: 'What the call began, which went on behind it.' }),
    ),
  },
  { description: 'What few calls used; figures that are 0 are left out.' },
)
export type Details = Static<typeof detailsSchema>

/** As a usage record holds it; null: the call used nothing of the kind. */
export function writeDetails(usage: Usage, job?: JobKind): string | null {
  if (job === undefined && isUsual(usage)) return null
  const { parts = {} } = usage
  const figures: { readonly [name in Figure]: number | undefined } = {
    cache_write_1h_tokens: usage.cacheWrite1h,
    output_audio_tokens: usage.audioOut,
    cached_audio_tokens: parts.cachedAudio,
    cached_image_tokens: parts.cachedImage,
    video_tokens: parts.video,
    output_image_tokens: parts.imageOut,
    output_video_tokens: parts.videoOut,
    citation_tokens: parts.citation,
    seconds: usage.seconds,
    images: usage.images,
    searches: usage.searches,
    file_searches: usage.fileSearches,
    code_runs: usage.codeRuns,
  }
  const told = Object.entries(figures).filter(([, figure]) => figure !== undefined && figure > 0)
  const details = { ...Object.fromEntries(told), service: usage.service, job }
  const text = JSON.stringify(details)
  return text === '{}' ? null : text
}

const isUsual = (usage: Usage): boolean =>
  usage.parts === undefined &&
  usage.service === undefined &&
  usage.cacheWrite1h === 0 &&
  usage.audioOut === 0 &&
  usage.searches === undefined &&
  usage.seconds === undefined &&
  usage.images === undefined &&
  usage.fileSearches === undefined &&
  usage.codeRuns === undefined

/** As the API shows it. */
export const detailsOf = (stored: string | null): Details =>
  stored === null ? {} : (JSON.parse(stored) as Details)
