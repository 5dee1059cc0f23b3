import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { pageOfKeys } from './pages.ts'
import { keyRecord, showRows } from './record.ts'

/** `GET /api/token/`: the account's keys, newest first. */
export const listKeys = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/token',
    scope: 'keys:read',
    tag: 'Keys',
    summary: 'List API keys, newest first',
    query: Type.Object(pageQuery),
    data: pageSchema(keyRecord),
    async run({ caller, query }) {
      const page = pageOf(query)
      const { total, rows } = await pageOfKeys(rooms, caller.accountId, page)
      const { records, secret } = showRows(rooms, caller, rows)
      return { data: pageOfItems(page, total, records), secret }
    },
  })
