import type { ModelPrice as CataloguePrice, TieredPrices } from '@pydantic/genai-prices'
import { parseDecimal, writeDecimal } from './decimal.ts'
import type { Fee, ModelPrice, Rates, TokenKind } from './kinds.ts'

/** What the catalogue calls the price of a kind of tokens, and we. */
const RATES: ReadonlyMap<string, TokenKind> = new Map([
  ['input_mtok', 'input'],
  ['cache_read_mtok', 'cache_read'],
  ['cache_write_mtok', 'cache_write_5m'],
  ['cache_write_1h_mtok', 'cache_write_1h'],
  ['input_audio_mtok', 'input_audio'],
  ['input_image_mtok', 'image'],
  ['output_mtok', 'output'],
  ['output_reasoning_mtok', 'reasoning'],
  ['output_audio_mtok', 'output_audio'],
  ['cache_audio_read_mtok', 'cache_read_audio'],
  ['cache_image_read_mtok', 'cache_read_image'],
  ['input_video_mtok', 'input_video'],
  ['output_image_mtok', 'output_image'],
  ['output_video_mtok', 'output_video'],
  ['output_citation_mtok', 'citation'],
])

/** The same of what is paid by the piece, and by how many pieces the catalogue counts: a power of ten. */
const PIECES: ReadonlyMap<string, readonly [fee: Fee | 'per_request', power: number]> = new Map([
  ['requests_kcount', ['per_request', 3]],
  ['web_searches_kcount', ['per_search', 3]],
  ['storage_searches_kcount', ['per_file_search', 3]],
  ['code_executions_kcount', ['per_code_run', 3]],
  ['audio_hours', ['per_hour', 0]],
  // Sound that comes in is a part of all sound, with the same price wherever both are listed.
  ['input_audio_hours', ['per_hour', 0]],
])

/**
 * A price of the catalogue in our words; `undefined` when it says nothing that a call could be charged by, or asks for
 * something that we can't count, such as pages: part of a price is none.
 */
export function toModelPrice(listed: CataloguePrice): ModelPrice | undefined {
  const fees: { [fee in Fee | 'per_request']?: string } = {}
  const starts = new Set<number>()
  for (const [key, price] of Object.entries(listed)) {
    if (price === undefined) continue
    const piece = PIECES.get(key)
    if (piece === undefined && !RATES.has(key)) return undefined
    if (isTiered(price)) for (const tier of price.tiers) starts.add(tier.start)
    if (piece === undefined) continue
    // By the piece nothing depends on the length of the input.
    if (isTiered(price)) return undefined
    fees[piece[0]] = divided(price, piece[1])
  }
  const base = ratesAbove(listed, -1)
  const paid = { ...base, ...fees }
  if (Object.keys(paid).length === 0) return undefined
  const tiers = [...starts]
    .sort((a, b) => a - b)
    .map((above) => ({ above, ...ratesAbove(listed, above) }))
  return { ...paid, ...(tiers.length > 0 ? { tiers } : {}) }
}

function divided(price: number, power: number): string {
  const decimal = parseDecimal(price)
  return decimal ? writeDecimal({ ...decimal, scale: decimal.scale + power }) : '0'
}

/** The prices that hold for calls with more than `above` input tokens. */
function ratesAbove(listed: CataloguePrice, above: number): Rates {
  const rates = [...RATES].flatMap(([key, kind]) => {
    const price = listed[key]
    if (price === undefined) return []
    return [[kind, String(isTiered(price) ? priceAbove(price, above) : price)]]
  })
  return Object.fromEntries(rates)
}

const isTiered = (price: number | TieredPrices | undefined): price is TieredPrices =>
  typeof price === 'object'

function priceAbove(price: TieredPrices, above: number): number {
  let found = price.base
  for (const tier of [...price.tiers].sort((a, b) => a.start - b.start))
    if (tier.start <= above) found = tier.price
  return found
}
