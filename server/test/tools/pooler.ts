import { Client } from 'pg'
import { freePort } from './free-port.ts'
import { startPgBouncer } from './pgbouncer.ts'
import { startTransactionPooler } from './transaction-pooler.ts'

/** A pooler in transaction mode before a server. */
export interface Pooler {
  /** Where it is: the database that it was started for. */
  readonly url: string
  /** Breaks all connections and goes away, until `resume`. */
  halt(): Promise<void>
  resume(): Promise<void>
}

export interface PoolerOptions {
  /** To the server, at most. */
  readonly connections: number
  /** Each transaction gets the connection that was not used for longest; else the one that was used last. */
  readonly isRoundRobin: boolean
}

/** Starts PgBouncer where `TURNPIKE_TEST_PGBOUNCER` says which, else what does the same; the caller halts it. */
export async function startPooler(url: string, options: PoolerOptions): Promise<Pooler> {
  const { TURNPIKE_TEST_PGBOUNCER: binary } = process.env
  const port = await freePort()
  return binary
    ? startPgBouncer(url, { ...options, port, binary })
    : startTransactionPooler(url, { ...options, port })
}

/** Leaves settings on all of a pooler's connections to the server, as its clients do who set something for themselves. */
export async function leaveOnAll(
  { url }: Pooler,
  connections: number,
  settings: string,
): Promise<void> {
  const clients = Array.from({ length: connections }, () => new Client({ connectionString: url }))
  const all = (statements: string) => Promise.all(clients.map((one) => one.query(statements)))
  try {
    await Promise.all(clients.map((one) => one.connect()))
    // Who has begun keeps its connection, so that each has another one.
    await all('begin')
    await all(settings)
    await all('commit')
  } finally {
    await Promise.all(clients.map((one) => one.end()))
  }
}
