import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** Binds a sealed secret to its webhook, so that a row copied onto another does not open. */
export const webhookSeal = (id: number): string => `webhook:${id}`

/** A secret in the form of Standard Webhooks: 256 random bits. */
export const newWebhookSecret = (random: (bytes: number) => Uint8Array): string =>
  PREFIX + Buffer.from(random(SECRET_BYTES)).toString('base64')

export interface Signed {
  readonly id: string
  /** Unix seconds. */
  readonly timestamp: number
  readonly body: string
}

/**
 * The three headers of Standard Webhooks (https://www.standardwebhooks.com). One signature for each secret: while a
 * secret is being replaced, receivers that know either of them are content.
 */
export function signatureHeaders(secrets: readonly string[], { id, timestamp, body }: Signed) {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
