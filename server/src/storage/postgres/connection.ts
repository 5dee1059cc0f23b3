import type { Client } from 'pg'
import { StorageUnavailable } from '../failures.ts'
import { hasCollided, mayNotWrite, stateOf, writeFailure } from './failures.ts'
import { connect } from './pool.ts'

/** Work for one connection, in the order it was asked for. */
export interface Connection {
  /**
   * Each call is one statement and so one transaction. It is made again when the database undid it for another's sake.
   * @throws StorageUnavailable, UniqueViolation, Error when the database refused the statement
   */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>
  /** Waits for what was asked for so far, as long as it may take. */
  close(): Promise<void>
}

const ANSWER_MS = 15_000
const MOST_ATTEMPTS = 5

/** Connects when it is needed, and anew after the connection broke. */
export function createConnection(url: string): Connection {
  let client: Client | undefined
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  /** One that breaks while nobody asks anything of it is known to be broken before the next question. */
  async function connectAnew(): Promise<Client> {
    const made = await connect(url, ANSWER_MS)
    made.once('end', () => {
      if (client === made) client = undefined
    })
    return made
  }

  async function drop(): Promise<void> {
    const broken = client
    client = undefined
    await broken?.end().catch(() => undefined)
  }

  async function attempt<T>(work: (client: Client) => Promise<T>, left: number): Promise<T> {
    try {
      client ??= await connectAnew()
      return await work(client)
    } catch (failure) {
      const mustGo = mayNotWrite(failure)
      // A refusal leaves the connection as it was; anything else may have left half an answer on it.
      const isRefusal = stateOf(failure) !== '' && !stateOf(failure).startsWith('57')
      if (!isRefusal || mustGo) void drop()
      if ((hasCollided(failure) || mustGo) && left > 0) return attempt(work, left - 1)
      throw writeFailure(failure)
    }
  }

  return {
    run(work) {
      if (closed) return Promise.reject(new StorageUnavailable('the store is closed', false))
      const turn = last.then(() => attempt(work, MOST_ATTEMPTS))
      last = turn.catch(() => undefined)
      return turn
    },
    async close() {
      closed = true
      await last
      await drop()
    },
  }
}
