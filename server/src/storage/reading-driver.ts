import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import type { Row } from './store.ts'

/** Answers one read: on a connection or a thread of its own, or in a test on any connection. */
export type Read = (sql: string, parameters: readonly unknown[]) => Promise<readonly Row[]>

const CHANGES = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'MergeQueryNode'])

/** For Kysely that reads and builds statements. It runs no change and no transaction: those are `store.write`. */
export function createReadingDriver(read: Read): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      if (CHANGES.has(query.query.kind)) throw notHere('a change')
      const rows = await read(query.sql, query.parameters)
      // The rows have the shape that the query's own type promises: only Kysely knows it.
      return { rows: rows as unknown as R[] }
    },
    // biome-ignore lint/correctness/useYield: there is nothing to yield; a long list is read page by page.
    async *streamQuery() {
      throw notHere('a streamed query (read it page by page instead)')
    },
  }
  const refuse = async () => {
    throw notHere('a transaction')
  }
  return {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  }
}

/** Says where changes belong. */
export const notHere = (what: string) =>
  new Error(
    `store.db only reads: it runs no ${what.replace(/^an? /, '')}. Changes go through store.write.`,
  )
