import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import { StorageUnavailable } from '../../src/storage/failures.ts'
import type { Tables } from '../../src/storage/tables.ts'
import type { Database } from './database.ts'
import type { Connection } from './network.ts'

/** Builds statements; the only one that it runs asks `balance_now` how entities stand. */
export function createReads(
  connection: Pick<Connection, 'ask'>,
  database: Database,
): Kysely<Tables> {
  const executeQuery = async <R>({ sql, parameters }: CompiledQuery) => {
    if (!sql.includes('from "balance_now"')) throw new Error(`the simulation can't answer ${sql}`)
    const entities = parameters.map(Number)
    const opened = sql.includes('exists')
    const wanted = () =>
      opened ? entities.filter((entity) => database.opened.get(entity) === true) : entities
    const read = () => wanted().flatMap((entity) => standing(database, entity))
    try {
      return { rows: (await connection.ask('read', read)) as R[] }
    } catch (failure) {
      throw new StorageUnavailable(String(failure), true)
    }
  }
  class Reading extends DummyDriver {
    override async acquireConnection() {
      return { executeQuery, streamQuery: () => never() }
    }
  }
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new Reading(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

const standing = (database: Database, entity: number) =>
  database.balances.get(entity) === undefined ? [] : [{ entity, remain: database.whole(entity) }]

function never(): never {
  throw new Error('the simulation has no such thing')
}
