import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Pooler, PoolerOptions } from './pooler.ts'
import { admitClient } from './pooler-client.ts'
import { kindOf } from './postgres-messages.ts'
import { type Borrower, createTransactionPool } from './transaction-pool.ts'

/** What asks for a `ReadyForQuery`: a query, a sync, a function call. */
const ANSWERED = new Set(['Q', 'S', 'F'])
const TERMINATE = 'X'

/**
 * What PgBouncer does in transaction mode, as far as we meet it: passwords are asked for here, odd parameters of a start are
 * refused, a transaction has a connection to the server and what is between transactions has none, queries are cancelled
 * by keys of its own, and nothing is reset. Not its: parameters that it sets for each client, limits, consoles, TLS.
 */
export async function startTransactionPooler(
  url: string,
  options: PoolerOptions & { readonly port: number },
): Promise<Pooler> {
  const { username, password, pathname } = new URL(url)
  const pool = await createTransactionPool(url, options)
  const clients = new Map<Borrower, Buffer | undefined>()
  const admitting = {
    ...{ user: decodeURIComponent(username), password: decodeURIComponent(password) },
    ...{ database: pathname.slice(1), greeting: pool.greeting },
  }

  function serve(socket: Socket): void {
    const client: Borrower = { socket, server: undefined, unsent: [], awaited: 0 }
    clients.set(client, undefined)
    admitClient(socket, admitting, {
      onReady: (key) => void clients.set(client, key),
      onMessage: (message) => hear(client, message),
      onCancel: async (key) => {
        const [asked] = [...clients].find(([, own]) => own?.equals(key)) ?? []
        await asked?.server?.cancel()
      },
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clients.delete(client)
      pool.leave(client)
    })
  }

  function hear(client: Borrower, message: Buffer): void {
    const kind = kindOf(message)
    if (kind === TERMINATE) return void client.socket.end()
    if (ANSWERED.has(kind)) client.awaited++
    if (client.server !== undefined) return void client.server.socket.write(message)
    client.unsent.push(message)
    if (client.unsent.length === 1) pool.ask(client)
  }

  const listener = createServer(serve)
  const resume = async () => {
    listener.listen(options.port, '127.0.0.1')
    await once(listener, 'listening')
  }
  await resume()
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(options.port) }).href,
    resume,
    async halt() {
      const closed = once(listener, 'close')
      listener.close()
      for (const { socket } of clients.keys()) socket.destroy()
      pool.empty()
      await closed
    },
  }
}
