import type { Sealer } from '../channels/upstream-keys.ts'
import type { WebhookTable } from '../storage/event-tables.ts'
import { webhookSeal } from './signature.ts'

/** Whom to send to. */
export interface Receiver {
  readonly url: string
  /** The present one first, then the former one while it is valid. */
  readonly secrets: readonly string[]
}

/** A webhook with its secrets in the clear. `at`: milliseconds since 1970. @throws SealBroken */
export function receiverOf(
  vault: Pick<Sealer, 'open'>,
  { id, url, secret, former_secret: former, former_until: until }: WebhookTable,
  at: number,
): Receiver {
  const sealed = former !== null && Number(until) * 1000 > at ? [secret, former] : [secret]
  return { url, secrets: sealed.map((one) => vault.open(one, webhookSeal(id))) }
}
