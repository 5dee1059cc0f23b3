import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'

/** A message as the receiver got it. */
export interface Got {
  readonly path: string
  readonly headers: Readonly<IncomingMessage['headers']>
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of every kind
  readonly event: any
}

/** Answers the n-th message, from 1. */
export type Reply = (response: ServerResponse, n: number) => void

/** A real receiver of webhooks on the loopback. */
export interface Receiver {
  readonly url: string
  readonly got: readonly Got[]
  /** Those of one type. */
  of(type: string): readonly Got[]
  /** Resolves with them when there are so many. */
  gets(type: string, count?: number): Promise<readonly Got[]>
}

const accepts: Reply = (response) => response.writeHead(204).end()

export const answersWith =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end('what a receiver says')

/** Takes the message and says nothing. */
export const hangs: Reply = () => undefined

/** Starts one that is gone after the test. */
export async function startReceiver(reply: Reply = accepts): Promise<Receiver> {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    got.push({ path: request.url ?? '', headers: request.headers, body, event: JSON.parse(body) })
    reply(response, got.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const of = (type: string) => got.filter(({ event }) => event.type === type)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    got,
    of,
    async gets(type, count = 1) {
      await expect.poll(() => of(type).length, { timeout: 15_000, interval: 20 }).toBe(count)
      return of(type)
    },
  }
}

/** Whether one of the signatures is by this secret: computed by WebCrypto from the text of the specification. */
export async function isSignedBy(secret: string, { headers, body }: Got): Promise<boolean> {
  const bytes = Uint8Array.from(atob(secret.replace('whsec_', '')), (one) => one.charCodeAt(0))
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const text = new TextEncoder().encode(signed)
  const signatures = String(headers['webhook-signature']).split(' ')
  const verdicts = signatures.map(async (one) => {
    const [version, value = ''] = one.split(',')
    const signature = Uint8Array.from(atob(value), (byte) => byte.charCodeAt(0))
    const isGood = await crypto.subtle.verify('HMAC', key, signature, text)
    return version === 'v1' && isGood
  })
  return (await Promise.all(verdicts)).includes(true)
}
