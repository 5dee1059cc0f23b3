import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { quote } from '../../prices/quote.ts'
import { pageAfter } from '../../usage/logs.ts'
import { usageOfRecord } from '../../usage/usage-of-record.ts'
import { operation } from '../operation.ts'
import { quoted } from '../price/quote.ts'
import type { Rooms } from '../rooms.ts'

/** `GET /api/log/self/price`: how the cost of a call was computed. */
export const priceOfOwnLog = ({ store, chargedPrices }: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log/self/price',
    scope: 'usage:read',
    tag: 'Usage',
    summary: 'How the cost of one of your calls was computed',
    description:
      'At the price and the ratio that it was charged at, whatever they are today. `not_found` says which of both is missing: the record, or a price of that time that gives its cost.',
    query: Type.Object({
      request_id: Type.String({ minLength: 1, maxLength: 256, description: 'Of the record.' }),
    }),
    data: Type.Object({ model: Type.String(), ratio: Type.String(), ...quoted }),
    async run({ caller, query }) {
      const filter = { requestId: query.request_id, accounts: [caller.accountId] }
      const [row] = (await pageAfter(store.db, filter, undefined, 1)).rows
      if (row === undefined) throw new Refused('not_found', 'there is no record of this request')
      const { model } = row
      const usage = usageOfRecord(row)
      const cost = row.quota + row.shortfall
      const price = await chargedPrices.of({ model, usage, cost, atMs: row.created_at_ms })
      if (price === undefined) {
        throw new Refused('not_found', 'no price is known that gives the cost of this call')
      }
      return { data: { model, ratio: price.ratio, ...quote(price, usage) } }
    },
  })
