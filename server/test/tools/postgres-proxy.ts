import { connect } from 'node:net'
import { listenBefore } from './before-server.ts'
import { kindOf, messagesTo } from './postgres-messages.ts'

const NOTIFICATION = 'A'

/**
 * A way to the server on which notifications get lost, as behind a pooler that lends connections by the transaction; gone
 * after the test.
 */
export function startDeafProxy(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return listenBefore(url, (client) => {
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
}
