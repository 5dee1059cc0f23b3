import { Refused } from '../../errors.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { priceRecord, priceRecordOf } from './record.ts'
import { modelOf, modelParams, priceBody, priceOf } from './wire.ts'

/** `PUT /api/price/{model}`: what the model costs from the next call on, whatever the catalogue says. */
export const setPrice = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/price/{model...}',
    scope: 'admin',
    tag: 'Prices',
    summary: 'Set the price of a model',
    description:
      'Replaces the whole override. Calls that run are charged at the price they were admitted with.',
    params: modelParams,
    body: priceBody,
    data: priceRecord,
    async run(asked) {
      const { prices, store, now } = rooms
      const model = modelOf(asked.params)
      // A channel has no such model, so the price would never count.
      if (model.trim() !== model) {
        throw new Refused('invalid_field', 'a model id does not begin or end with a blank')
      }
      const after = priceOf(asked.body)
      const before = prices.override(model) ?? null
      const row = { price: JSON.stringify(after), updated_at: Math.floor(now() / 1000) }
      await store.write(
        [
          store.db
            .insertInto('price')
            .values({ model, ...row })
            .onConflict((conflict) => conflict.column('model').doUpdateSet(row)),
          auditStatement(rooms, asked, {
            action: 'price.set',
            subject: `price ${model}`,
            before,
            after,
          }),
        ],
        [{ kind: 'price', subject: model }],
      )
      return { data: priceRecordOf(prices, model) }
    },
  })
