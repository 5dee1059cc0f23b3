import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { bodyOf, kindOf, messagesTo } from './postgres-messages.ts'
import { openServerConnection, type ServerConnection } from './server-connection.ts'

/** Who borrows a connection, for as long as a transaction. */
export interface Borrower {
  readonly socket: Socket
  server: Lent | undefined
  /** What it said while it had none. */
  unsent: Buffer[]
  /** How many `ReadyForQuery` are still to come. */
  awaited: number
}

export interface Lent extends ServerConnection {
  to: Borrower | undefined
}

export interface TransactionPool {
  readonly greeting: readonly Buffer[]
  /** Lends one as soon as there is one, and sends what is unsent. */
  ask(borrower: Borrower): void
  /** A transaction that its client has left is undone, and its connection with it. */
  leave(borrower: Borrower): void
  /** Ends all connections; there are new ones when they are asked for. */
  empty(): void
}

const READY = 'Z'
const OUTSIDE_TRANSACTION = 'I'
const RETRY_MS = 200

/** Connections to the server, at most so many, each as it was left by whoever had it before. */
export async function createTransactionPool(
  url: string,
  { connections, isRoundRobin }: { connections: number; isRoundRobin: boolean },
): Promise<TransactionPool> {
  const idle: Lent[] = []
  const all = new Set<Lent>()
  let waiting: Borrower[] = []
  let opening = 0

  function lend(): void {
    while (waiting.length > 0 && idle.length > 0) {
      const server = isRoundRobin ? idle.shift() : idle.pop()
      const to = waiting.shift()
      if (server === undefined || to === undefined) return
      server.to = to
      to.server = server
      server.socket.write(Buffer.concat(to.unsent))
      to.unsent = []
    }
    const missing = Math.min(waiting.length, connections - all.size) - opening
    for (let n = 0; n < missing; n++) void open()
  }

  async function open(): Promise<void> {
    opening++
    const opened = await openServerConnection(url).catch(() => pause(RETRY_MS, undefined))
    opening--
    if (opened !== undefined) add(opened)
    lend()
  }

  function add(opened: ServerConnection): void {
    const server: Lent = { ...opened, to: undefined }
    all.add(server)
    idle.push(server)
    const { socket } = server
    const hear = messagesTo((message) => pass(server, message))
    socket.on('data', hear)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      all.delete(server)
      if (server.to === undefined) idle.splice(idle.indexOf(server), 1)
      else server.to.socket.destroy()
      lend()
    })
  }

  /** What the server says to nobody is dropped: a notification for whoever listened on this connection. */
  function pass(server: Lent, message: Buffer): void {
    const { to } = server
    if (to === undefined) return
    to.socket.write(message)
    if (kindOf(message) !== READY) return
    to.awaited--
    if (to.awaited > 0 || bodyOf(message).toString() !== OUTSIDE_TRANSACTION) return
    to.server = undefined
    server.to = undefined
    idle.push(server)
    lend()
  }

  const first = await openServerConnection(url)
  add(first)
  return {
    greeting: first.greeting,
    ask(borrower) {
      waiting.push(borrower)
      lend()
    },
    leave(borrower) {
      waiting = waiting.filter((one) => one !== borrower)
      borrower.server?.socket.destroy()
    },
    empty() {
      waiting = []
      for (const { socket } of all) socket.destroy()
    },
  }
}
