import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { Client } from 'pg'
import { connectionTo } from '../../src/storage/postgres/pool.ts'
import { bodyOf, int32, kindOf, messageOf, messagesTo } from './postgres-messages.ts'

/** A connection to PostgreSQL behind its start, to be used byte by byte. */
export interface ServerConnection {
  readonly socket: Socket
  /** What the server said of itself: its version, its encoding and so on. */
  readonly greeting: readonly Buffer[]
  /** Asks the server to cancel what runs on it. */
  cancel(): Promise<void>
}

const CANCEL = 80_877_102

/** The driver makes the start, whatever the server asks for, and leaves the connection to us. */
export async function openServerConnection(url: string): Promise<ServerConnection> {
  const socket = new Socket()
  const greeting: Buffer[] = []
  let key: Buffer = Buffer.alloc(0)
  const heed = messagesTo((message) => {
    if (kindOf(message) === 'S') greeting.push(message)
    if (kindOf(message) === 'K') key = bodyOf(message)
  })
  socket.on('data', heed)
  const client = new Client({ ...connectionTo(url), stream: () => socket })
  client.on('error', () => undefined)
  await client.connect()
  socket.removeAllListeners()
  return {
    socket,
    greeting,
    cancel: () => cancelAt(url, key),
  }
}

/** Asks for the end of what runs on the connection with that key, by a connection of its own. */
export async function cancelAt(url: string, key: Buffer): Promise<void> {
  const { hostname, port } = new URL(url)
  const other = connect(Number(port), hostname)
  other.on('error', () => undefined)
  other.write(messageOf('', Buffer.concat([int32(CANCEL), key])))
  await once(other, 'close')
}
