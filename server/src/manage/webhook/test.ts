import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { eventBody, TEST_EVENT } from '../../events/catalogue.ts'
import { newEventId } from '../../events/events.ts'
import { type Receiver, receiverOf } from '../../events/receiver.ts'
import { SealBroken } from '../../keys/vault.ts'
import type { WebhookTable } from '../../storage/event-tables.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { webhookParams } from './fields.ts'
import { webhookRow } from './record.ts'

/** `POST /api/webhook/{id}/test` */
export const testWebhook = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/webhook/{id}/test',
    scope: 'admin',
    summary: 'Send a webhook a test event, once and now',
    description: 'Its type is `webhook.test`; also to a disabled one. It is not in the deliveries.',
    tag: 'Webhooks',
    params: webhookParams,
    data: Type.Object({
      ok: Type.Boolean(),
      status: Type.Integer({ description: "The receiver's; 0 when it did not answer." }),
      latency_ms: Type.Integer(),
      message: Type.String(),
    }),
    async run({ params }) {
      const to = opened(rooms, await webhookRow(rooms, params.id))
      const uid = newEventId(rooms.random)
      const body = eventBody({
        ...{ uid, type: TEST_EVENT, createdAt: nowSeconds(rooms) },
        data: { webhook_id: params.id },
      })
      const { ok, status, latencyMs, message } = await rooms.send(to, { id: uid, body })
      return { data: { ok, status, latency_ms: Math.round(latencyMs), message } }
    },
  })

function opened({ vault, now }: Rooms, row: WebhookTable): Receiver {
  try {
    return receiverOf(vault, row, now())
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new Refused('invalid_field', `the secret of webhook ${row.id} does not open: rotate it`)
  }
}
