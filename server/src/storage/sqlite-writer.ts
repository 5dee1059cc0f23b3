import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { createBatchCommit } from './sqlite-batch.ts'
import { type Durability, openForWriting } from './sqlite-open.ts'
import { type FromWriter, packOpenFailure, type ToWriter } from './wire.ts'

// The thread that owns the one connection that writes. It answers each batch once, in order.
const { path, durability }: { path: string; durability: Durability } = workerData
const answer = (message: FromWriter) => parentPort?.postMessage(message)

try {
  serve(openForWriting(path, durability))
} catch (failure) {
  answer(packOpenFailure(failure))
}

function serve(database: DatabaseSync): void {
  const commit = createBatchCommit(database, Date.now)
  answer({ kind: 'ready', newestIds: newestIds(database) })
  parentPort?.on('message', (message: ToWriter) => {
    if (message.kind === 'batch') {
      answer({ kind: 'answer', answer: commit(message.batch) })
      return
    }
    database.close()
    parentPort?.close()
  })
}

/** The highest id that each table ever gave, deleted rows included. */
function newestIds(database: DatabaseSync): Record<string, number> {
  const rows = database.prepare('select name, seq from sqlite_sequence').all()
  return Object.fromEntries(rows.map(({ name, seq }) => [String(name), Number(seq)]))
}
