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
  /** Cached sound is part of it, too. */
  readonly audioIn: number
  readonly audioOut: number
  /** Input tokens that stand for images, cached ones included. */
  readonly image: number
  /** Counted with a tokenizer because the upstream reported nothing. */
  readonly estimated: boolean
  /** Rarer parts of the tokens; absent where there are none. */
  readonly parts?: UsageParts | undefined
  /** The provider's tier of service, where it is not the usual one. */
  readonly service?: ServiceTier | undefined
}

/** Parts of the tokens that few calls have. */
export interface UsageParts {
  /** In `cached` and in `audioIn`. */
  readonly cachedAudio?: number
  /** In `cached` and in `image`. */
  readonly cachedImage?: number
  readonly video?: number
  /** Output tokens that stand for images. */
  readonly imageOut?: number
  readonly videoOut?: number
  /** Output tokens for passages of sources. */
  readonly citation?: number
}

/** What is counted by the piece; absent where there was none. */
export interface UsedPieces {
  /** Length of audio or video, where the model is priced by time. */
  readonly seconds?: number | undefined
  /** Images that were made. */
  readonly images?: number | undefined
  /** Searches of the web that the provider made for the model. */
  readonly searches?: number | undefined
  /** Searches in files that the provider keeps. */
  readonly fileSearches?: number | undefined
  /** Runs of code in the provider's sandbox. */
  readonly codeRuns?: number | undefined
}

/** Tiers of service with rates of their own. `us`: computed in the United States only; `fast_us`: fast, and there. */
export const SERVICE_TIERS = ['flex', 'priority', 'batch', 'fast', 'us', 'fast_us'] as const
export type ServiceTier = (typeof SERVICE_TIERS)[number]

/** What an answer tells of its use outside of its report. */
export interface Beside extends UsedPieces {
  readonly service?: ServiceTier | undefined
}

/** Both together; what is told twice counts once, as the report says it. */
export function withBeside(usage: Usage, beside: Beside | undefined): Usage {
  return beside === undefined ? usage : { ...beside, ...told(usage) }
}

/** Without members that hold nothing, which would hide those of others. */
function told(usage: Usage): Usage {
  const entries = Object.entries(usage).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as unknown as Usage
}

/** What several events tell, added up. */
export function addUp(before: Beside | undefined, now: Beside): Beside {
  if (before === undefined) return now
  const plus = (name: 'images' | 'searches' | 'fileSearches' | 'codeRuns') =>
    before[name] === undefined ? now[name] : before[name] + (now[name] ?? 0)
  return {
    service: now.service ?? before.service,
    images: plus('images'),
    searches: plus('searches'),
    fileSearches: plus('fileSearches'),
    codeRuns: plus('codeRuns'),
  }
}

const KNOWN: ReadonlySet<unknown> = new Set(SERVICE_TIERS)

/** Reads a tier as a provider names it; `undefined` for the usual one, and for those that nobody has a price for. */
export const serviceOf = (reported: unknown): ServiceTier | undefined =>
  KNOWN.has(reported) ? (reported as ServiceTier) : undefined

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

/** The same where a figure is rare: `undefined` for nothing. */
export const someOf = (reported: unknown): number | undefined => wholeTokens(reported) || undefined

/** Reads one reported figure: whatever is not a finite positive number counts as 0, fractions are rounded up. */
export function wholeTokens(reported: unknown): number {
  if (typeof reported !== 'number' || !(reported > 0)) return 0
  return Math.min(Math.ceil(reported), MOST_TOKENS)
}
