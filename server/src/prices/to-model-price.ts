import type { ModelPrice as CataloguePrice, TieredPrices } from '@pydantic/genai-prices'
import { parseDecimal, writeDecimal } from './decimal.ts'
import type { ModelPrice, Rates, TokenKind } from './price.ts'

/** Our kinds of tokens, and what the catalogue calls their price. */
const PRICE_KEYS: readonly (readonly [TokenKind, string])[] = [
  ['input', 'input_mtok'],
  ['cache_read', 'cache_read_mtok'],
  ['cache_write_5m', 'cache_write_mtok'],
  ['cache_write_1h', 'cache_write_1h_mtok'],
  ['input_audio', 'input_audio_mtok'],
  ['image', 'input_image_mtok'],
  ['output', 'output_mtok'],
  ['reasoning', 'output_reasoning_mtok'],
  ['output_audio', 'output_audio_mtok'],
]

/** A price of the catalogue in our words; `undefined` when it says nothing that a call could be charged by. */
export function toModelPrice(listed: CataloguePrice): ModelPrice | undefined {
  const starts = new Set(
    Object.values(listed).flatMap((price) =>
      isTiered(price) ? price.tiers.map((tier) => tier.start) : [],
    ),
  )
  const base = ratesAbove(listed, -1)
  const perRequest = listed.requests_kcount
  if (Object.keys(base).length === 0 && typeof perRequest !== 'number') return undefined
  const tiers = [...starts]
    .sort((a, b) => a - b)
    .map((above) => ({ above, ...ratesAbove(listed, above) }))
  return {
    ...base,
    ...(typeof perRequest === 'number' ? { per_request: perThousand(perRequest) } : {}),
    ...(tiers.length > 0 ? { tiers } : {}),
  }
}

function perThousand(price: number): string {
  const decimal = parseDecimal(price)
  return decimal ? writeDecimal({ ...decimal, scale: decimal.scale + 3 }) : '0'
}

/** The prices that hold for calls with more than `above` input tokens. */
function ratesAbove(listed: CataloguePrice, above: number): Rates {
  const rates = PRICE_KEYS.flatMap(([kind, key]) => {
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
