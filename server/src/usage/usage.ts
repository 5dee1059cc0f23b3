/**
 * What one call consumed, as the upstream reported it or as we counted it. `prompt` is all input, `completion` all
 * output; the other figures are parts of these two and never added to them.
 */
export interface Usage extends UsedPieces {
  /** All input tokens, cached ones included. */
  readonly prompt: number
  /** All output tokens, reasoning included. */
  readonly completion: number
  /** Input read from the provider's cache. */
  readonly cached: number
  /** Input written to the provider's cache for five minutes. */
  readonly cacheWrite: number
  /** Input written to the provider's cache for an hour; not part of `cacheWrite`. */
  readonly cacheWrite1h: number
  readonly reasoning: number
  readonly audioIn: number
  readonly audioOut: number
  /** Input tokens that stand for images. */
  readonly image: number
  /** Counted with a tokenizer because the upstream reported nothing. */
  readonly estimated: boolean
  /** Rarer parts of the tokens; absent where there are none. */
  readonly parts?: UsageParts | undefined
}

/** Parts of the tokens that few calls have. */
export interface UsageParts {
  /** Output tokens that stand for images. */
  readonly imageOut?: number
}

/** What is counted by the piece; absent where there was none. */
export interface UsedPieces {
  /** Length of audio or video, where the model is priced by time. */
  readonly seconds?: number | undefined
  /** Images that were made. */
  readonly images?: number | undefined
}

export const NO_USAGE: Usage = Object.freeze({
  prompt: 0,
  completion: 0,
  cached: 0,
  cacheWrite: 0,
  cacheWrite1h: 0,
  reasoning: 0,
  audioIn: 0,
  audioOut: 0,
  image: 0,
  estimated: false,
})

/** No call has more tokens; what an upstream claims beyond is a defect of its own. */
const MOST_TOKENS = 1e12

/** Reads one reported figure: whatever is not a finite positive number counts as 0, fractions are rounded up. */
export function wholeTokens(reported: unknown): number {
  if (typeof reported !== 'number' || !(reported > 0)) return 0
  return Math.min(Math.ceil(reported), MOST_TOKENS)
}
