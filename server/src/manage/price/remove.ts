import { Refused } from '../../errors.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { modelOf, modelParams } from './wire.ts'

/** `DELETE /api/price/{model}`: the catalogue's price counts again. */
export const removePrice = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/price/{model...}',
    scope: 'admin',
    tag: 'Prices',
    summary: 'Remove an override',
    params: modelParams,
    async run(asked) {
      const { prices, store } = rooms
      const model = modelOf(asked.params)
      const before = prices.override(model) ?? null
      const written = await store.write(
        [
          mustChange(store.db.deleteFrom('price').where('model', '=', model)),
          auditStatement(rooms, asked, {
            action: 'price.remove',
            subject: `price ${model}`,
            before,
          }),
        ],
        [{ kind: 'price', subject: model }],
      )
      if (!written.done) throw new Refused('not_found', `${model} has no override`)
      return {}
    },
  })
