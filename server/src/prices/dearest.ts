import { TOKEN_KINDS, type TokenKind } from './kinds.ts'

/** Which kinds of tokens cost most in one column of prices: places in it, found once and not per call. */
export interface Dearest {
  /** Of text and pictures. */
  readonly input: number
  /** The same where input may be kept for an hour. */
  readonly inputForHour: number
  /** The same with sound and film. */
  readonly media: number
  readonly mediaForHour: number
  readonly output: number
  readonly outputMedia: number
}

const placesOf = (...kinds: TokenKind[]): readonly number[] =>
  kinds.map((kind) => TOKEN_KINDS.indexOf(kind))

const INPUT = placesOf('input', 'cache_read', 'cache_write_5m', 'image', 'cache_read_image')
const HOUR = placesOf('cache_write_1h')
const MEDIA = placesOf('input_audio', 'cache_read_audio', 'input_video')
/** A model that draws or films has a price for it, and may do so unasked. */
const OUTPUT = placesOf('output', 'reasoning', 'citation', 'output_image', 'output_video')
const SOUND = placesOf('output_audio')

export const dearestOf = (weights: readonly bigint[]): Dearest => ({
  input: among(weights, INPUT),
  inputForHour: among(weights, [...INPUT, ...HOUR]),
  media: among(weights, [...INPUT, ...MEDIA]),
  mediaForHour: among(weights, [...INPUT, ...HOUR, ...MEDIA]),
  output: among(weights, OUTPUT),
  outputMedia: among(weights, [...OUTPUT, ...SOUND]),
})

function among(weights: readonly bigint[], places: readonly number[]): number {
  let best = places[0] as number
  for (const place of places)
    if ((weights[place] as bigint) > (weights[best] as bigint)) best = place
  return best
}
