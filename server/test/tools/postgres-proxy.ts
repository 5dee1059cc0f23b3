import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { kindOf, messagesTo } from './postgres-messages.ts'

const NOTIFICATION = 'A'

/**
 * A way to the server on which notifications get lost, as behind a pooler that lends connections by the transaction; gone
 * after the test.
 */
export async function startDeafProxy(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    client.pipe(upstream)
    const pass = messagesTo((message) => {
      if (kindOf(message) !== NOTIFICATION) client.write(message)
    })
    upstream.on('data', pass)
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  return own.href
}
