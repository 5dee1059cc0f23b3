import { LOCKS } from './locks.ts'
import { connect, UNHURRIED } from './pool.ts'

const LONGEST_MS = 120_000

/** Does the work while no other node does such work. The lock ends with its transaction, and that with our death. */
export async function runAlone<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = await connect(url, LONGEST_MS)
  try {
    await client.query('begin')
    // It does nothing but hold the lock, for as long as the work takes.
    await client.query(UNHURRIED)
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.alone])
    return await work()
  } finally {
    await client.end().catch(() => undefined)
  }
}
