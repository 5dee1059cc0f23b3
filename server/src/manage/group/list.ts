import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { groupSchema } from './fields.ts'
import { selectGroups, toRecord } from './record.ts'

/** `GET /api/group/` */
export const listGroups = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/group',
    scope: 'admin',
    summary: 'List groups, by name',
    tag: 'Groups',
    query: Type.Object(pageQuery),
    data: pageSchema(groupSchema),
    async run({ query }) {
      const page = pageOf(query)
      const groups = selectGroups(rooms)
      const [rows, count] = await Promise.all([
        groups.selectAll().orderBy('name').limit(page.pageSize).offset(page.skip).execute(),
        groups.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      return { data: pageOfItems(page, Number(count.total), rows.map(toRecord)) }
    },
  })
