import { type Dialect, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { createReadingDriver, type Read } from './reading-driver.ts'

/** Kysely for reads and for building statements. It runs no change and no transaction: those are `store.write`. */
export function createReadingDialect(read: Read): Dialect {
  return {
    createAdapter: () => new ReadingAdapter(),
    createDriver: () => createReadingDriver(read),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  }
}

/** Kysely lets SQLite answer one query at a time. Ours has several readers behind it. */
class ReadingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}
