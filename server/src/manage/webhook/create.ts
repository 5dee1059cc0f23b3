import { Refused } from '../../errors.ts'
import { newWebhookSecret, webhookSeal } from '../../events/signature.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { createdWebhook, newWebhook } from './fields.ts'
import { checkWebhook, subjectOf, toColumns, type WholeWebhook } from './record.ts'

/** Each event is written once for each of them. */
const MOST_WEBHOOKS = 50

/** `POST /api/webhook/` */
export const createWebhook = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/webhook',
    scope: 'admin',
    summary: 'Create a webhook',
    description:
      'From now on it gets the events it names, each at least once, signed by Standard Webhooks.',
    tag: 'Webhooks',
    body: newWebhook,
    data: createdWebhook,
    async run(asked) {
      const { store, vault, random } = rooms
      const webhook: WholeWebhook = { events: [], status: 1, ...asked.body }
      checkWebhook(webhook, rooms)
      await refuseTooMany(rooms)
      const id = await store.nextId('webhook')
      const secret = newWebhookSecret(random)
      await store.write([
        store.db.insertInto('webhook').values({
          id,
          ...toColumns(webhook),
          secret: vault.seal(secret, webhookSeal(id)),
          former_secret: null,
          former_until: null,
          created_at: nowSeconds(rooms),
        }),
        auditStatement(rooms, asked, {
          action: 'webhook.create',
          subject: subjectOf(id),
          after: webhook,
        }),
      ])
      return { data: { id, secret }, headers: { location: `/api/webhook/${id}` }, secret: true }
    },
  })

async function refuseTooMany({ store }: Rooms): Promise<void> {
  const { total } = await store.db
    .selectFrom('webhook')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  if (Number(total) < MOST_WEBHOOKS) return
  throw new Refused(
    'invalid_field',
    `there are ${MOST_WEBHOOKS} webhooks already: delete one first`,
  )
}
