import type { ModelPrice } from './kinds.ts'

export const MODEL_TYPES = [
  'text',
  'image',
  'video',
  'audio',
  'embedding',
  'rerank',
  'moderation',
] as const
export type ModelType = (typeof MODEL_TYPES)[number]

type Medium = 'text' | 'image' | 'audio' | 'video'

/** What OpenAI's model pages say, as `gpt-tokenizer/models` has it. */
export interface Listed {
  readonly modalities: { readonly input: readonly string[]; readonly output: readonly string[] }
  readonly supported_endpoints?: readonly string[]
}

/** What is known of a model. */
export interface Known {
  /** What callers call it, and its providers. */
  readonly names: readonly string[]
  readonly listed: Listed | undefined
  readonly price: ModelPrice | undefined
}

/** What a model does: what it is for, and what it makes of what. */
export interface Abilities {
  readonly type: ModelType
  readonly input: readonly string[]
  /** A medium, or `embedding`, `ranking` or `moderation`. */
  readonly output: readonly string[]
}

/**
 * What a model does, by whoever knows best: its vendor; names that say nothing else; what it is paid by; other names. Of
 * which nothing is known writes text. No catalogue of prices tells whether a model looks at pictures: only what is said is.
 */
export function abilitiesOf({ names, listed, price = {} }: Known): Abilities {
  const input: readonly Medium[] = ['text', ...mediaPaidFor(price)]
  const says = (words: RegExp) => names.some((name) => words.test(name.toLowerCase()))
  return (
    byVendor(listed) ??
    byPlainName(says, input) ??
    byPrice(price, says, input) ??
    byName(says, input) ?? { type: 'text', input, output: ['text'] }
  )
}

/** `text-to-image`, in the words that clients of such lists look for. */
export const featuresOf = ({ input, output }: Abilities): readonly string[] =>
  input.flatMap((from) => output.map((to) => `${from}-to-${to}`))

type Says = (words: RegExp) => boolean

const SOUND_TO_TEXT = /transcription|translation/

function byVendor(listed: Listed | undefined): Abilities | undefined {
  if (listed === undefined) return undefined
  const { input, output } = listed.modalities
  const endpoints = listed.supported_endpoints ?? []
  if (endpoints.includes('embeddings')) return { type: 'embedding', input, output: ['embedding'] }
  if (endpoints.includes('moderation')) return { type: 'moderation', input, output: ['moderation'] }
  const made = (['video', 'image', 'audio'] as const).find((medium) => output.includes(medium))
  const isTranscript = endpoints.some((one) => SOUND_TO_TEXT.test(one))
  if (made === undefined && isTranscript) return TRANSCRIPT
  return { type: made ?? 'text', input, output }
}

const TRANSCRIPT: Abilities = { type: 'audio', input: ['audio'], output: ['text'] }

const mediaPaidFor = (price: ModelPrice): readonly Medium[] =>
  (
    [
      ['image', 'image'],
      ['audio', 'input_audio'],
      ['video', 'input_video'],
    ] as const
  ).flatMap(([medium, kind]) => (isPaid(price, kind) ? [medium] : []))

const isPaid = (price: ModelPrice, ...kinds: readonly (keyof ModelPrice)[]): boolean =>
  kinds.some((kind) => Number(price[kind] ?? 0) > 0)

function byPlainName(says: Says, input: readonly Medium[]): Abilities | undefined {
  if (says(/rerank/)) return { type: 'rerank', input: ['text'], output: ['ranking'] }
  if (says(/moderation/)) return { type: 'moderation', input, output: ['moderation'] }
  if (says(/embed/)) return { type: 'embedding', input, output: ['embedding'] }
  return undefined
}

function byPrice(price: ModelPrice, says: Says, input: readonly Medium[]): Abilities | undefined {
  if (isPaid(price, 'per_image', 'output_image')) {
    const output = isPaid(price, 'output') ? ['text', 'image'] : ['image']
    return { type: 'image', input, output }
  }
  if (isPaid(price, 'output_video') || price.sizes !== undefined) return makes('video', input)
  if (isPaid(price, 'per_hour')) return TRANSCRIPT
  if (isPaid(price, 'output_audio')) return { type: 'audio', input, output: ['text', 'audio'] }
  if (isPaid(price, 'per_second')) return byName(says, input) ?? makes('video', input)
  const paysForInput = isPaid(price, 'input') && !isPaid(price, 'output', 'per_request')
  return paysForInput ? { type: 'embedding', input, output: ['embedding'] } : undefined
}

const makes = (type: 'video' | 'image' | 'audio', input: readonly Medium[]): Abilities => ({
  type,
  input,
  output: [type],
})

/** As words of their own: a `wan` is in `wanted`, a number often follows. */
const words = (...some: readonly string[]) => new RegExp(`(^|[^a-z])(${some.join('|')})([^a-z]|$)`)
const HEARS = words('whisper', 'transcribe', 'transcription', 'asr', 'stt')
const SPEAKS = words('tts', 'speech', 'voice', 'music', 'suno', 'lyria')
const TALKS = words('audio', 'realtime')
const FILMS = words(
  ...['video', 'sora', 'veo', 'kling', 'wan', 'hailuo', 'seedance', 'runway', 'pixverse', 'luma'],
)
const PAINTS = words(
  ...['image', 'imagen', 'dall-?e', 'flux', 'sdxl', 'stable-diffusion', 'midjourney', 'seedream'],
  ...['ideogram', 'recraft'],
)

function byName(says: Says, input: readonly Medium[]): Abilities | undefined {
  if (says(HEARS)) return TRANSCRIPT
  if (says(SPEAKS)) return makes('audio', input)
  if (says(TALKS)) return { type: 'audio', input: ['text', 'audio'], output: ['text', 'audio'] }
  if (says(FILMS)) return makes('video', input)
  return says(PAINTS) ? makes('image', input) : undefined
}
