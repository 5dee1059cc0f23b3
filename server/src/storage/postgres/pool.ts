import { Client, type ClientBase, type CustomTypesConfig, Pool, types } from 'pg'
import { StorageUnavailable } from '../failures.ts'
import { inTurns } from '../in-turns.ts'
import type { Read } from '../reading-driver.ts'
import type { Row } from '../store.ts'
import { readFailure } from './failures.ts'

/** OIDs of int8 and numeric: whole numbers in our tables, and below 2^53. */
const NUMBERS = new Set([20, 1700])
const MOST_READS = 8
const CONNECT_MS = 10_000
const READ_MS = 30_000

/** Numbers as JavaScript's, for our connections alone: the parser of the library would be everybody's. */
const numbersAsNumbers = numbersAs(Number)

/** Reads int8 and numeric as one wants them. */
export function numbersAs(parse: (text: string) => unknown): CustomTypesConfig {
  return {
    getTypeParser: ((oid: number, format?: 'text') =>
      NUMBERS.has(oid) ? parse : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
  }
}

/** Settings of every connection. Nothing here needs a parameter at its start, which poolers refuse. */
export const connectionTo = (url: string) => ({
  connectionString: url,
  types: numbersAsNumbers,
  application_name: 'turnpike',
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
})

/**
 * Every statement sees what was committed before it, whatever a server's default is: who has waited for a lock must see
 * what was done under it, and would be undone instead.
 */
const ISOLATION = "set default_transaction_isolation = 'read committed'"

/** For a transaction that takes as long as it takes, whatever its connection or its role has for others. */
export const UNHURRIED = `set local idle_in_transaction_session_timeout = 0;
  set local statement_timeout = 0; set local lock_timeout = 0`

/** Of a session that was just begun. A standby has both. */
const ASKED = `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as closed`
const STANDBY =
  'it is a standby, which can only be read: name the primary server, or promote this one.'
const READ_ONLY = 'it is set read-only (default_transaction_read_only).'

/**
 * Sets a session up, on one way there and back, and refuses one that can't write. Behind an address that other servers take
 * over it would be kept for ever, though another server can be written, and what a standby says of a key may be old.
 */
async function setUp(client: ClientBase, settings: string): Promise<void> {
  // Several statements have a list of answers.
  const answers = [await client.query(`${settings}; ${ASKED}`)].flat()
  const { standby, closed } = answers.at(-1)?.rows[0] ?? {}
  // It may be promoted, or opened, in a moment: this is no refusal of the database, which would stand.
  if (standby === true) throw new Error(STANDBY)
  if (closed === true) throw new Error(READ_ONLY)
}

/** One connection, set up. Answers that don't come within `answerMs` count as a broken connection. */
export async function connect(url: string, answerMs: number): Promise<Client> {
  const client = new Client({ ...connectionTo(url), query_timeout: answerMs })
  // Whoever uses the connection notices by itself; without a listener the process would end.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await setUp(client, ISOLATION)
    return client
  } catch (failure) {
    await client.end().catch(() => undefined)
    throw failure
  }
}

/**
 * Nothing else is set, because behind a pooler what is set on a connection may meet others, and not those that it is for.
 * So these only save time, and harm nobody: other statements have shorter limits, or none by a setting of their
 * transaction's own; and what must hold is set by the functions and transactions that need it. Our questions touch few
 * rows, whatever the planner thinks of them: starting processes or a compiler for one takes longer than answering it.
 */
const READING = `set statement_timeout = ${READ_MS}; set max_parallel_workers_per_gather = 0; set jit = off; ${ISOLATION}`

export interface Reads {
  /** For people and rounds: in turns. */
  readonly read: Read
  /** For what calls wait for: at once. */
  readonly readForCall: Read
  close(): Promise<void>
}

/** Connections for reading, as many as are needed. */
export function createReads(url: string): Reads {
  const pool = new Pool({
    ...connectionTo(url),
    max: MOST_READS,
    onConnect: (client) => setUp(client, READING),
    query_timeout: READ_MS + CONNECT_MS,
  })
  pool.on('error', () => undefined)
  let closed = false
  const read: Read = async (sql, parameters) => {
    if (closed) throw new StorageUnavailable('the store is closed', false)
    try {
      // Never a named statement: behind a pooler the next query may meet another connection.
      const { rows } = await pool.query<Row>({ text: sql, values: [...parameters] })
      return rows
    } catch (failure) {
      throw readFailure(failure)
    }
  }
  return {
    read: inTurns(read),
    readForCall: read,
    async close() {
      if (closed) return
      closed = true
      await pool.end()
    },
  }
}
