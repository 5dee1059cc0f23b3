import Type from 'typebox'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { webhookParams, webhookSchema } from './fields.ts'
import { toRecord, webhookRow } from './record.ts'

/** `GET /api/webhook/` */
export const listWebhooks = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/webhook',
    scope: 'admin',
    summary: 'List webhooks, newest first',
    tag: 'Webhooks',
    query: Type.Object(pageQuery),
    data: pageSchema(webhookSchema),
    async run({ query }) {
      const page = pageOf(query)
      const webhooks = rooms.store.db.selectFrom('webhook')
      const [rows, count] = await Promise.all([
        webhooks.selectAll().orderBy('id', 'desc').limit(page.pageSize).offset(page.skip).execute(),
        webhooks.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      const seconds = nowSeconds(rooms)
      const items = rows.map((row) => toRecord(row, seconds))
      return { data: pageOfItems(page, Number(count.total), items) }
    },
  })

/** `GET /api/webhook/{id}` */
export const getWebhook = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/webhook/{id}',
    scope: 'admin',
    summary: 'Get a webhook',
    tag: 'Webhooks',
    params: webhookParams,
    data: webhookSchema,
    run: async ({ params }) => ({
      data: toRecord(await webhookRow(rooms, params.id), nowSeconds(rooms)),
    }),
  })
