import { Client } from 'pg'
import { CannotOpen } from '../failures.ts'
import { requireSchema } from '../migrations/postgres/migrate.ts'
import type { Snapshot } from '../snapshot.ts'
import { reasonOf, stateOf } from './failures.ts'
import { nameOf } from './name.ts'
import { connectionTo, numbersAs, UNHURRIED } from './pool.ts'

/** Internal errors, a page that can't be read among them. */
const DAMAGE = 'XX'

/** Looks at a database, which others may write to meanwhile. @throws CannotOpen, NewerSchema */
export async function withPostgresSnapshot<T>(
  url: string,
  look: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const client = new Client({ ...connectionTo(url), types: numbersAs(BigInt) })
  client.on('error', () => undefined)
  try {
    await client.connect().catch((failure: Error) => {
      throw new CannotOpen(nameOf(url), reasonOf(failure), failure)
    })
    await requireSchema(client, nameOf(url))
    await client.query('begin isolation level repeatable read read only')
    // Adding up the whole books takes as long as it takes.
    await client.query(UNHURRIED)
    // A month that is dropped is gone for everybody, whatever they saw before: the books would miss what it held.
    await client.query('lock table usage in access share mode')
    return await look({
      rows: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
      // The server checks its pages by itself, where it was set up to.
      damages: async () => [],
      isDamage: (failure) => stateOf(failure).startsWith(DAMAGE),
      dialect: 'postgres',
      wholeUsage: 'usage',
    })
  } finally {
    await client.end().catch(() => undefined)
  }
}
