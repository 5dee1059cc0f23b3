import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { priceRecord, priceRecordOf } from './record.ts'

/** `GET /api/price/`: the overrides, then the catalogue. */
export const listPrices = ({ prices }: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/price',
    scope: 'any',
    tag: 'Prices',
    summary: 'What models cost',
    description:
      'US dollars per million tokens. Overrides come first, then the catalogue, each by model id.',
    query: Type.Object({
      ...pageQuery,
      keyword: Type.Optional(
        Type.String({ maxLength: 256, description: 'A part of the model id.' }),
      ),
      source: Type.Optional(Type.Union([Type.Literal('override'), Type.Literal('catalogue')])),
    }),
    data: pageSchema(priceRecord),
    async run({ query }) {
      const overridden = prices
        .overrides()
        .map(({ model }) => model)
        .sort()
      const known = new Set(overridden)
      const listed = (await prices.catalogue()).map(({ id }) => id).filter((id) => !known.has(id))
      const keyword = query.keyword?.toLowerCase() ?? ''
      const models = [
        ...(query.source === 'catalogue' ? [] : overridden),
        ...(query.source === 'override' ? [] : listed),
      ].filter((model) => model.toLowerCase().includes(keyword))
      const page = pageOf(query)
      const items = models
        .slice(page.skip, page.skip + page.pageSize)
        .map((model) => priceRecordOf(prices, model))
      return { data: pageOfItems(page, models.length, items) }
    },
  })
