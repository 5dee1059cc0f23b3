import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { webhookParams } from './fields.ts'
import { webhookRow } from './record.ts'

const state = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('delivered'),
  Type.Literal('given_up'),
])

const deliverySchema = Type.Object({
  id: Type.Integer(),
  event_id: Type.String({ description: 'The `webhook-id` that the receiver sees.' }),
  type: Type.String(),
  created_at: Type.Integer({ description: 'When it happened, Unix seconds.' }),
  state,
  attempts: Type.Integer(),
  attempted_at: Type.Integer({ description: 'The end of the last attempt; 0: none has ended.' }),
  next_attempt_at: Type.Integer({ description: 'Of what waits; 0 for the rest.' }),
  status: Type.Integer({ description: "The receiver's last HTTP status; 0: it did not answer." }),
  message: Type.String({ description: 'Why the last attempt failed.' }),
})

/** `GET /api/webhook/{id}/deliveries` */
export const listDeliveries = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/webhook/{id}/deliveries',
    scope: 'admin',
    summary: 'What a webhook was sent, newest first',
    description: 'As far back as `events.keep_days`.',
    tag: 'Webhooks',
    params: webhookParams,
    query: Type.Object({ ...pageQuery, state: Type.Optional(state) }),
    data: pageSchema(deliverySchema),
    async run({ params, query }) {
      await webhookRow(rooms, params.id)
      const page = pageOf(query)
      let found = rooms.store.db
        .selectFrom('delivery')
        .innerJoin('event', 'event.id', 'delivery.event_id')
        .where('delivery.webhook_id', '=', params.id)
      if (query.state !== undefined) found = found.where('delivery.state', '=', query.state)
      const [rows, count] = await Promise.all([
        found
          .selectAll('delivery')
          .select(['event.uid', 'event.type', 'event.created_at'])
          .orderBy('delivery.id', 'desc')
          .limit(page.pageSize)
          .offset(page.skip)
          .execute(),
        found.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      const items = rows.map((row) => ({
        ...{ id: row.id, event_id: row.uid, type: row.type, created_at: row.created_at },
        ...{ state: row.state, attempts: row.attempts, status: row.status, message: row.message },
        attempted_at: row.attempted_at ?? 0,
        next_attempt_at: row.state === 'waiting' ? Math.ceil(row.due_at_ms / 1000) : 0,
      }))
      return { data: pageOfItems(page, Number(count.total), items) }
    },
  })
