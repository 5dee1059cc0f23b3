import type { Kysely, RawBuilder } from 'kysely'
import type { Statement } from './store.ts'
import type { Tables } from './tables.ts'

/** A statement of a write from a text of SQL. */
export function statementOf(db: Kysely<Tables>, raw: RawBuilder<unknown>): Statement {
  const { sql, parameters } = raw.compile(db)
  // Kysely types parameters as unknown; the database refuses what is no value.
  return { sql, parameters: parameters as Statement['parameters'] }
}
