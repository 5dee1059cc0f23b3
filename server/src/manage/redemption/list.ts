import Type from 'typebox'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { redemptionSchema, toRecord } from './record.ts'

/** `GET /api/redemption/` */
export const listRedemptions = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/redemption',
    scope: 'admin',
    summary: 'List redeem codes, newest first',
    tag: 'Redeem codes',
    query: Type.Object(pageQuery),
    data: pageSchema(redemptionSchema),
    async run({ query }) {
      const page = pageOf(query)
      const all = rooms.store.db.selectFrom('redemption')
      const [rows, count] = await Promise.all([
        all.selectAll().orderBy('id', 'desc').limit(page.pageSize).offset(page.skip).execute(),
        all.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      const records = rows.map((row) => toRecord(row, nowSeconds(rooms)))
      return { data: pageOfItems(page, Number(count.total), records) }
    },
  })
