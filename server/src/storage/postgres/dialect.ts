import { type Dialect, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { createReadingDriver, notHere, type Read } from '../reading-driver.ts'

const READS = /^[\s(]*(select|with|values)\b/i

/**
 * Kysely for reads and for building statements, as on SQLite. The connections could write, because a session that may
 * not would meet others behind a pooler: so what does not begin like a read is refused here.
 */
export function createReadingDialect(read: Read): Dialect {
  const readOnly: Read = async (sql, parameters) => {
    if (!READS.test(sql)) throw notHere('a change')
    return read(sql, parameters)
  }
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createReadingDriver(readOnly),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}
