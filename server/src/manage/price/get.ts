import { Refused } from '../../errors.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { priceRecord, priceRecordOf } from './record.ts'
import { modelOf, modelParams } from './wire.ts'

/** `GET /api/price/{model}`: what one model costs now. */
export const getPrice = ({ prices }: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/price/{model...}',
    scope: 'any',
    tag: 'Prices',
    summary: 'What a model costs',
    params: modelParams,
    data: priceRecord,
    async run({ params }) {
      const model = modelOf(params)
      const record = priceRecordOf(prices, model)
      if (!record)
        throw new Refused('not_found', `${model} has no price; set one with PUT /api/price/{model}`)
      return { data: record }
    },
  })
