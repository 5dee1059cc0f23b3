import type { ServiceTier } from '../usage/usage.ts'

/** US dollars, as decimal text or number. */
export type Dollars = string | number | undefined

/**
 * The order of the weights of a compiled price. Each kind excludes the others: their token counts add up to prompt +
 * completion. Those that hardly any call has come last.
 */
export const TOKEN_KINDS = [
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'input_audio',
  'image',
  'output',
  'reasoning',
  'output_audio',
  'cache_read_audio',
  'cache_read_image',
  'input_video',
  'output_image',
  'output_video',
  'citation',
] as const
export type TokenKind = (typeof TOKEN_KINDS)[number]

/** US dollars per million tokens. A kind left out costs what the kind it is part of costs: see `rateOf`. */
export type Rates = { readonly [kind in TokenKind]?: Dollars }

/** What is paid by the piece and not by the token, in the order of the weights behind those of tokens. */
export const FEES = [
  'per_second',
  'per_hour',
  'per_image',
  'per_search',
  'per_file_search',
  'per_code_run',
] as const
export type Fee = (typeof FEES)[number]

/** Rates that change with the length of the input. */
export interface RatesByLength extends Rates {
  /** Prices of calls whose whole input is longer than `above` tokens; they then hold for every token of the call. */
  readonly tiers?: readonly (Rates & { readonly above: number })[] | undefined
}

/** What a model costs. Fees are US dollars a piece, added to the tokens. */
export interface ModelPrice extends RatesByLength, Readonly<Partial<Record<Fee, Dollars>>> {
  readonly per_request?: Dollars
  /** Shorter recordings cost as much as one of so many seconds. */
  readonly least_seconds?: number | undefined
  /** Rates of a provider's other tiers of service, whole with their own `tiers`; a kind left out costs as usual. */
  readonly service?: { readonly [name in ServiceTier]?: RatesByLength | undefined } | undefined
  /** What videos of other sizes cost, by the size as it is asked for (`1792x1024`); what is left out costs as usual. */
  readonly sizes?: Readonly<Record<string, SizePrice>> | undefined
}

/** US dollars that a size costs in the place of the usual ones. */
export interface SizePrice {
  readonly per_second?: Dollars
  readonly per_request?: Dollars
}

/** What a kind without a price of its own costs. */
const INSTEAD: Readonly<Record<TokenKind, TokenKind | undefined>> = {
  input: undefined,
  cache_read: 'input',
  cache_write_5m: 'input',
  cache_write_1h: 'cache_write_5m',
  input_audio: 'input',
  image: 'input',
  output: undefined,
  reasoning: 'output',
  output_audio: 'output',
  cache_read_audio: 'input_audio',
  cache_read_image: 'image',
  input_video: 'input',
  output_image: 'output',
  output_video: 'output',
  citation: 'output',
}

/** The rate that counts for a kind: its own, else that of the kind it is part of. */
export function rateOf(rates: Rates, kind: TokenKind): Dollars {
  const own = rates[kind]
  if (own !== undefined) return own
  // What is cached is cheap first, and a sound or picture second.
  if (kind.startsWith('cache_read_') && rates.cache_read !== undefined) return rates.cache_read
  const instead = INSTEAD[kind]
  return instead === undefined ? undefined : rateOf(rates, instead)
}
