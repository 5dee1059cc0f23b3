import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { channelParams, channelSchema } from './fields.ts'
import { channelRow, toRecord } from './record.ts'

/** `GET /api/channel/` */
export const listChannels = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/channel',
    scope: 'admin',
    summary: 'List channels, newest first',
    tag: 'Channels',
    query: Type.Object(pageQuery),
    data: pageSchema(channelSchema),
    async run({ query }) {
      const page = pageOf(query)
      const channels = rooms.store.db.selectFrom('channel').where('deleted_at', 'is', null)
      const [rows, count] = await Promise.all([
        channels.selectAll().orderBy('id', 'desc').limit(page.pageSize).offset(page.skip).execute(),
        channels.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      const items = rows.map((row) => toRecord(rooms, row))
      return { data: pageOfItems(page, Number(count.total), items) }
    },
  })

/** `GET /api/channel/{id}` */
export const getChannel = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/channel/{id}',
    scope: 'admin',
    summary: 'Get a channel',
    tag: 'Channels',
    params: channelParams,
    data: channelSchema,
    run: async ({ params }) => ({ data: toRecord(rooms, await channelRow(rooms, params.id)) }),
  })
