import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { backupDatabase } from './backup.ts'
import { openForReading } from './sqlite-open.ts'
import { stepBack } from './step-back.ts'
import { type FromReader, packOpenFailure, type ToReader, toRows } from './wire.ts'

// A thread with a connection of its own that only reads: lists and charts never stand in the way of a settlement.
const MOST_STATEMENTS = 300
const { path }: { path: string } = workerData
const answer = (message: FromReader) => parentPort?.postMessage(message)

stepBack()
try {
  serve(openForReading(path))
} catch (failure) {
  answer(packOpenFailure(failure))
}

function serve(database: DatabaseSync): void {
  const statements = new Map<string, StatementSync>()
  answer({ kind: 'ready' })
  parentPort?.on('message', (message: ToReader) => {
    if (message.kind === 'close') {
      statements.clear()
      database.close()
      parentPort?.close()
      return
    }
    const { id } = message
    const failed = (failure: unknown) =>
      answer({
        kind: 'failed',
        id,
        message: failure instanceof Error ? failure.message : String(failure),
      })
    if (message.kind === 'backup') {
      backupDatabase(path, message.path).then(() => answer({ kind: 'rows', id, rows: [] }), failed)
      return
    }
    try {
      const statement = prepared(database, statements, message.sql)
      answer({ kind: 'rows', id, rows: toRows(statement.all(...toValues(message.parameters))) })
    } catch (failure) {
      failed(failure)
    }
  })
}

function prepared(
  database: DatabaseSync,
  statements: Map<string, StatementSync>,
  sql: string,
): StatementSync {
  const known = statements.get(sql)
  if (known) return known
  const [oldest] = statements.keys()
  if (statements.size >= MOST_STATEMENTS && oldest !== undefined) statements.delete(oldest)
  const statement = database.prepare(sql)
  statements.set(sql, statement)
  return statement
}

/** SQLite has no booleans; the driver refuses everything else that is no value by itself. */
const toValues = (parameters: readonly unknown[]): SQLInputValue[] =>
  parameters.map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)))
