import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { keyRecord, showRows } from './record.ts'
import { selectKeys } from './rows.ts'

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
      const { db } = rooms.store
      const [rows, { total }] = await Promise.all([
        selectKeys(rooms, caller.accountId)
          .orderBy('key.id', 'desc')
          .limit(page.pageSize)
          .offset(page.skip)
          .execute(),
        db
          .selectFrom('key')
          .select(({ fn }) => fn.countAll<number>().as('total'))
          .where('account_id', '=', caller.accountId)
          .where('deleted_at', 'is', null)
          .executeTakeFirstOrThrow(),
      ])
      const { records, secret } = showRows(rooms, caller, rows)
      return { data: pageOfItems(page, Number(total), records), secret }
    },
  })
