import Type from 'typebox'
import { logRecord } from '../../usage/log-record.ts'
import { answerLogs, shapeQuery } from '../log/answer.ts'
import { LOG_COLUMNS, logsSchema } from '../log/list.ts'
import { filterOf, logQuery } from '../log/wire.ts'
import { withAftermath } from '../log/with-aftermath.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { proveKey } from './prove-key.ts'

/** `GET /api/log/token`: the usage records of the API key that asks. */
export const logOfCurrentKey = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log/token',
    scope: 'public',
    credential: 'api key',
    tag: 'Current key',
    summary: 'Usage records of the API key that asks, newest first',
    query: Type.Object({ ...shapeQuery, ...logQuery }),
    data: logsSchema(logRecord),
    text: 'text/csv',
    async run(asked) {
      const key = await proveKey(rooms, asked)
      return answerLogs(rooms, {
        query: asked.query,
        filter: { ...filterOf(asked.query), accounts: [key.accountId], keyIds: [key.id] },
        show: (rows) => withAftermath(rooms, rows),
        columns: LOG_COLUMNS,
      })
    },
  })
