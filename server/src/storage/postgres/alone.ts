import { LOCKS } from './locks.ts'
import { connect } from './pool.ts'

const LONGEST_MS = 120_000
/** The transaction does nothing but hold the lock, for as long as the work takes. */
const UNHURRIED = `set local idle_in_transaction_session_timeout = 0;
  set local statement_timeout = 0; set local lock_timeout = 0`

/** Does the work while no other node does such work. The lock ends with its transaction, and that with our death. */
export async function runAlone<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = await connect(url, LONGEST_MS)
  try {
    await client.query('begin')
    await client.query(UNHURRIED)
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.alone])
    return await work()
  } finally {
    await client.end().catch(() => undefined)
  }
}
