import Type from 'typebox'
import { DEFAULT_GROUP } from '../../groups/groups.ts'
import { type Decimal, parseDecimal, times, writeDecimal } from '../../prices/decimal.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

/** What few models are paid by. Dollars per million tokens, or a piece. */
const FURTHER = [
  ...(['cache_read', 'cache_write_5m', 'cache_write_1h', 'reasoning'] as const),
  ...(['input_audio', 'output_audio', 'image', 'output_image', 'per_hour'] as const),
  ...(['per_image', 'per_search', 'per_file_search', 'per_code_run'] as const),
] as const

const nullable = Type.Union([Type.Number(), Type.Null()])
const model = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  model_type: Type.String(),
  features: Type.Array(Type.String()),
  pricing: Type.Object({
    currency: Type.String(),
    input: nullable,
    output: nullable,
    per_request: nullable,
    per_second: nullable,
    // Of models that have such a price.
    ...Object.fromEntries(FURTHER.map((name) => [name, Type.Optional(Type.Number())])),
  }),
  api_doc_url: Type.String(),
})

/** `GET /api/models`: the models that this gateway serves, for everybody, with their prices in group `default`. */
export const listModels = ({ directory, prices, groups }: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/models',
    scope: 'public',
    crossOrigin: true,
    tag: 'Models',
    summary: 'The models that this gateway serves',
    description: 'Public. What one key may call is told by `GET /v1/models`.',
    whole: Type.Object({
      success: Type.Literal(true),
      page: Type.Integer(),
      page_size: Type.Integer(),
      total: Type.Integer(),
      data: Type.Array(model),
    }),
    async run() {
      const served = directory.all().filter((channel) => channel.enabled)
      const ids = [...new Set(served.flatMap((channel) => [...channel.models]))].sort()
      const ratio = parseDecimal(groups.get(DEFAULT_GROUP)?.ratio ?? 1)
      const listed = ids.map((id) => modelRecord(prices, id, ratio))
      return { raw: { success: true, page: 0, page_size: 0, total: listed.length, data: listed } }
    },
  })

function modelRecord(prices: PriceBook, id: string, ratio: Decimal | undefined) {
  const price = prices.priceOf(id)?.price
  const number = (written: string | number | undefined) => {
    const decimal = written === undefined ? undefined : parseDecimal(written)
    return decimal && ratio ? Number(writeDecimal(times(decimal, ratio))) : null
  }
  return {
    id,
    provider: prices.catalogued(id)?.provider ?? '',
    // Chat is what this gateway relays; other kinds of models come with their endpoints.
    model_type: 'text',
    features: ['text-to-text'],
    pricing: {
      currency: 'USD / M Tokens',
      input: number(price?.input),
      output: number(price?.output),
      per_request: number(price?.per_request),
      per_second: number(price?.per_second),
      ...Object.fromEntries(
        FURTHER.flatMap((name) => {
          const told = number(price?.[name])
          return told === null ? [] : [[name, told]]
        }),
      ),
    },
    api_doc_url: '/docs',
  }
}
