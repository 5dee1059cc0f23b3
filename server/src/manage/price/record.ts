import Type from 'typebox'
import type { ModelPrice } from '../../prices/price.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import { priceBody } from './wire.ts'

/** One model's price as the API shows it. */
export interface PriceRecord extends ModelPrice {
  readonly model: string
  /** `override`: an administrator set it; `catalogue`: it came with the program. */
  readonly source: 'override' | 'catalogue'
  readonly provider: string
  readonly context_window: number | null
  readonly max_output: number | null
}

export const priceRecord = Type.Object({
  model: Type.String(),
  source: Type.Union([Type.Literal('override'), Type.Literal('catalogue')]),
  provider: Type.String({
    description: 'Whose price list it is; empty where the catalogue does not know the model.',
  }),
  context_window: Type.Union([Type.Integer(), Type.Null()]),
  max_output: Type.Union([Type.Integer(), Type.Null()]),
  ...priceBody.properties,
})

/** What counts for the model now; `undefined` when it has no price. */
export function priceRecordOf(prices: PriceBook, model: string): PriceRecord | undefined {
  const override = prices.override(model)
  const catalogued = prices.catalogued(model)
  const price = override ?? catalogued?.price
  if (!price) return undefined
  return {
    model,
    source: override ? 'override' : 'catalogue',
    provider: catalogued?.provider ?? '',
    context_window: catalogued?.contextWindow ?? null,
    max_output: prices.maxOutput(model) ?? null,
    ...price,
  }
}
