import type { DatabaseSync } from 'node:sqlite'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openMailbox, sleep, take } from './mailbox.ts'
import { createBatchCommit } from './sqlite-batch.ts'
import { type Durability, openForWriting } from './sqlite-open.ts'
import {
  type BatchAnswer,
  type FromWriter,
  packOpenFailure,
  SETTLED_IN_MAILBOX,
  type ToWriter,
} from './wire.ts'

// The thread that owns the one connection that writes. It answers each batch once, in order.
interface Given {
  readonly path: string
  readonly durability: Durability
  readonly memory: SharedArrayBuffer
}

const { path, durability, memory }: Given = workerData
const answer = (message: FromWriter) => parentPort?.postMessage(message)

try {
  serve(openForWriting(path, durability))
} catch (failure) {
  answer(packOpenFailure(failure))
}

/** Sleeps at the bell and not in the event loop, which has nothing else to do here: see mailbox.ts. */
function serve(database: DatabaseSync): void {
  const commit = createBatchCommit(database, Date.now)
  const mailbox = openMailbox(memory)
  answer({ kind: 'ready', newestIds: newestIds(database) })
  for (let heard = 0; ; heard = sleep(mailbox, heard)) {
    const batch = take(mailbox)
    if (batch !== undefined) answerSettled(commit(batch))
    for (let message = received(); message !== undefined; message = received()) {
      if (message.kind === 'close') {
        database.close()
        parentPort?.close()
        return
      }
      answer({ kind: 'answer', answer: commit(message.batch) })
    }
  }

  function answerSettled(done: BatchAnswer): void {
    const simply = done.durable && done.mended.length === 0 && done.budgets.length === 0
    if (simply) mailbox.settled.set(done.settled)
    answer(simply ? SETTLED_IN_MAILBOX : { kind: 'answer', answer: done })
  }
}

function received(): ToWriter | undefined {
  return parentPort === null ? undefined : receiveMessageOnPort(parentPort)?.message
}

/** The highest id that each table ever gave, deleted rows included. */
function newestIds(database: DatabaseSync): Record<string, number> {
  const rows = database.prepare('select name, seq from sqlite_sequence').all()
  return Object.fromEntries(rows.map(({ name, seq }) => [String(name), Number(seq)]))
}
