import type { Media } from '../dialects/dialect.ts'
import { countInput, countsCharacters } from '../prices/input-tokens.ts'
import type { ModelPrice } from '../prices/price.ts'
import type { Tokenizer } from '../prices/tokenizer.ts'
import { NO_USAGE, type Usage } from '../usage/usage.ts'
import type { Meter, Seen } from './meter/meter.ts'
import { inputOf } from './reserve.ts'
import type { ModelCall, Outcome } from './values.ts'

/** Words in a transcript, as tokens, of somebody who speaks at a usual pace. */
const TOKENS_SAID_A_SECOND = 3
/** OpenAI reckons with 1 000 tokens of sound a minute. */
const TOKENS_HEARD_A_MINUTE = 1_000
/** Of `pcm` and `wav`: 24 000 samples a second, of two bytes. */
const BYTES_SPOKEN_A_SECOND = 48_000
/** OpenAI reckons with 1 250 tokens of speech a minute. */
const TOKENS_SPOKEN_A_SECOND = 1_250 / 60
const EVEN_BYTES = new Set<unknown>(['pcm', 'wav'])

interface Measured {
  readonly call: ModelCall
  readonly media: Media
  readonly outcome: Outcome
  readonly meter: Meter
}

/**
 * What a call of pictures or sound used: what the provider reports, and the pictures that came. What the price asks for
 * and nobody reported is estimated.
 */
export function usageOfMedia(
  count: Tokenizer['count'],
  measured: Measured,
): Usage | Promise<Usage> {
  const { media, outcome, meter } = measured
  const { price } = outcome.offer
  const reported = meter.reported()
  const seen = meter.seen?.() ?? {}
  const seconds = reported?.seconds ?? seen.seconds
  const known: Usage = {
    ...(reported ?? NO_USAGE),
    ...(media.makes === 'images' ? { images: picturesOf(measured, seen) } : {}),
    ...(seconds === undefined ? {} : { seconds }),
  }
  if (price === undefined) return known
  const asks = pricedBy(price.price)
  const lacksSeconds = media.makes === 'transcript' && seconds === undefined && asks.time
  const lacksTokens = known.prompt + known.completion === 0 && asks.tokens
  return lacksSeconds || lacksTokens ? estimated(count, measured, known) : known
}

/** Whoever leaves early pays for the pictures that were asked for: all of them were made by then, or are being made. */
function picturesOf({ media, outcome }: Measured, { images = 0 }: Seen): number {
  return outcome.kind === 'answered' ? images : Math.max(images, media.images)
}

const BY_TIME = new Set(['per_second', 'per_hour'])
const BY_TOKENS = new Set([
  ...['input', 'input_audio', 'image', 'output', 'output_audio', 'output_image'],
])

export const isPricedByTokens = (price: ModelPrice): boolean => pricedBy(price).tokens

/** What the call is charged by. */
export function pricedBy(price: ModelPrice): { readonly time: boolean; readonly tokens: boolean } {
  const charged = Object.entries(price).filter(([, dollars]) => Number(dollars) > 0)
  return {
    time: charged.some(([name]) => BY_TIME.has(name)),
    tokens: charged.some(([name]) => BY_TOKENS.has(name)),
  }
}

async function estimated(
  count: Tokenizer['count'],
  measured: Measured,
  known: Usage,
): Promise<Usage> {
  const { call, media, outcome } = measured
  const { model } = outcome.offer
  const input = await countInput(inputOf(call, model), count)
  const prompt = { ...known, prompt: input.tokens }
  switch (media.makes) {
    case 'images': {
      const completion = (known.images ?? 0) * media.output.fair
      const parts = { imageOut: completion }
      return { ...prompt, completion, image: media.attached.fair, parts, estimated: true }
    }
    case 'speech': {
      // It is priced by what was said alone, and that is known.
      if (countsCharacters(model)) return prompt
      const completion = spokenTokens(measured)
      return { ...prompt, completion, audioOut: completion, estimated: true }
    }
    case 'transcript':
      return transcribed(count, measured, { known, textTokens: input.tokens - media.attached.fair })
  }
}

/** Samples of even length tell how long it lasts; packed ones don't. */
function spokenTokens({ call, media, meter, outcome }: Measured): number {
  const bytes = meter.seen?.().bytes
  if (bytes === undefined || outcome.kind !== 'answered') return media.output.fair
  if (!EVEN_BYTES.has(call.parsed.body().response_format)) return media.output.fair
  return Math.ceil((bytes / BYTES_SPOKEN_A_SECOND) * TOKENS_SPOKEN_A_SECOND)
}

/** A recording lasts as long as its subtitles, as its words take, or as its bytes do at a usual rate: the longest of these. */
async function transcribed(
  count: Tokenizer['count'],
  { media, meter }: Measured,
  { known, textTokens }: { readonly known: Usage; readonly textTokens: number },
): Promise<Usage> {
  const { texts, share } = meter.produced()
  const completion = Math.ceil((await count(texts)) / share)
  const guessed = Math.max(
    media.seconds.fair,
    secondsToSay(completion),
    lastSubtitle(texts.join('')),
  )
  const seconds = known.seconds ?? Math.min(guessed, media.seconds.most)
  return withLength(known, { seconds, completion, textTokens })
}

/** How long somebody takes to say so many tokens at a usual pace. */
export const secondsToSay = (tokens: number): number => tokens / TOKENS_SAID_A_SECOND

/** A transcript of so many tokens: what nobody reported of it is estimated by the length of its sound. */
export function withLength(
  known: Usage,
  of: { readonly seconds: number; readonly completion: number; readonly textTokens: number },
): Usage {
  const { seconds, completion, textTokens } = of
  if (known.prompt + known.completion > 0) return { ...known, seconds, estimated: true }
  const audioIn = Math.ceil((seconds * TOKENS_HEARD_A_MINUTE) / 60)
  return {
    ...known,
    ...{ prompt: textTokens + audioIn, completion, audioIn, seconds, estimated: true },
  }
}

/** Seconds at which the last line of SRT or WebVTT ends; 0: it is none. */
function lastSubtitle(text: string): number {
  const arrow = text.lastIndexOf('-->')
  if (arrow < 0) return 0
  const end = text.slice(arrow + 3, arrow + 24).trim()
  const [all, hours = '0', minutes, seconds] = /^(?:(\d+):)?(\d\d):(\d\d[.,]\d{3})/.exec(end) ?? []
  if (all === undefined) return 0
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds?.replace(',', '.'))
}
