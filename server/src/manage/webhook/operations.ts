import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { changeWebhook, deleteWebhook, rotateWebhook } from './change.ts'
import { createWebhook } from './create.ts'
import { listDeliveries } from './deliveries.ts'
import { getWebhook, listWebhooks } from './read.ts'
import { testWebhook } from './test.ts'

/** Webhooks: who is told of events. */
export const webhookOperations = (rooms: Rooms): readonly Operation[] => [
  createWebhook(rooms),
  listWebhooks(rooms),
  getWebhook(rooms),
  changeWebhook(rooms),
  deleteWebhook(rooms),
  rotateWebhook(rooms),
  testWebhook(rooms),
  listDeliveries(rooms),
]
