import { newWebhookSecret, webhookSeal } from '../../events/signature.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { changedWebhook, rotatedWebhook, webhookParams, webhookSchema } from './fields.ts'
import {
  checkWebhook,
  notThere,
  subjectOf,
  toColumns,
  toRecord,
  toWhole,
  webhookRow,
} from './record.ts'

/** Time to tell the receiver of its new secret. */
const GRACE_SECONDS = 86_400

/** `PUT /api/webhook/{id}` */
export const changeWebhook = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/webhook/{id}',
    scope: 'admin',
    summary: 'Change a webhook',
    description: 'Omitted fields keep their value. What waits for it goes to the new `url`.',
    tag: 'Webhooks',
    params: webhookParams,
    body: changedWebhook,
    data: webhookSchema,
    async run(asked) {
      const { id } = asked.params
      const before = toWhole(await webhookRow(rooms, id))
      const after = { ...before, ...asked.body }
      checkWebhook(after, rooms)
      const written = await rooms.store.write([
        mustChange(
          rooms.store.db.updateTable('webhook').set(toColumns(after)).where('id', '=', id),
        ),
        auditStatement(rooms, asked, {
          action: 'webhook.update',
          subject: subjectOf(id),
          before,
          after,
        }),
      ])
      if (!written.done) throw notThere(id)
      return { data: toRecord(await webhookRow(rooms, id), nowSeconds(rooms)) }
    },
  })

/** `POST /api/webhook/{id}/rotate` */
export const rotateWebhook = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/webhook/{id}/rotate',
    scope: 'admin',
    summary: 'Give a webhook a new secret',
    description:
      'For 24 hours messages carry two signatures, one by each secret. Rotating again ends the former one at once.',
    tag: 'Webhooks',
    params: webhookParams,
    data: rotatedWebhook,
    async run(asked) {
      // Each failed attempt is one that somebody else's rotation has won, so this ends.
      for (;;) {
        const secret = newWebhookSecret(rooms.random)
        if (await rotate(rooms, asked, { id: asked.params.id, secret })) {
          return { data: { secret }, secret: true }
        }
      }
    },
  })

/** False when the secret was replaced since it was read: two that cross must not keep the wrong one as the former. */
async function rotate(
  rooms: Rooms,
  asked: Asked,
  { id, secret }: { readonly id: number; readonly secret: string },
): Promise<boolean> {
  const { store, vault } = rooms
  const row = await webhookRow(rooms, id)
  const rotated = store.db
    .updateTable('webhook')
    .set({
      secret: vault.seal(secret, webhookSeal(id)),
      former_secret: row.secret,
      former_until: nowSeconds(rooms) + GRACE_SECONDS,
    })
    .where('id', '=', id)
    .where('secret', '=', row.secret)
  const audited = auditStatement(rooms, asked, {
    action: 'webhook.rotate',
    subject: subjectOf(id),
  })
  return (await store.write([mustChange(rotated), audited])).done
}

/** `DELETE /api/webhook/{id}` */
export const deleteWebhook = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/webhook/{id}',
    scope: 'admin',
    summary: 'Delete a webhook, its secret and what waits for it',
    tag: 'Webhooks',
    params: webhookParams,
    async run(asked) {
      const { id } = asked.params
      const { db } = rooms.store
      const before = toWhole(await webhookRow(rooms, id))
      const written = await rooms.store.write([
        mustChange(db.deleteFrom('webhook').where('id', '=', id)),
        db.deleteFrom('delivery').where('webhook_id', '=', id),
        auditStatement(rooms, asked, {
          action: 'webhook.delete',
          subject: subjectOf(id),
          before,
        }),
      ])
      if (!written.done) throw notThere(id)
      return {}
    },
  })
