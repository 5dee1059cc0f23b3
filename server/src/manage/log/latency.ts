import Type from 'typebox'
import { withKnownKeys } from '../../usage/known-names.ts'
import { latencyOf, MOST_MEASURED } from '../../usage/latency.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { filterOf, sumQuery } from './wire.ts'

/** `GET /api/log/self/latency`: how long the account's callers wait. */
export const latencyOfOwnLogs = ({ store }: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log/self/latency',
    scope: 'usage:read',
    tag: 'Usage',
    summary: 'How long own calls take',
    description: `Medians of calls that were answered with 200; of up to ${MOST_MEASURED}, spread over the time as all of them are.`,
    query: Type.Object(sumQuery),
    data: Type.Object({
      calls: Type.Integer({ description: 'How many calls were looked at; 0: there were none.' }),
      use_time_ms: Type.Integer({ description: 'Until the end of the answer.' }),
      first_token_ms: Type.Integer({ description: 'Until the answer began.' }),
    }),
    async run({ caller, query }) {
      const filter = { ...filterOf(query), accounts: [caller.accountId] }
      return { data: await latencyOf(store.db, await withKnownKeys(store.db, filter)) }
    },
  })
