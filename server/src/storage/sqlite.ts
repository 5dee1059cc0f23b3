import { Kysely } from 'kysely'
import { CommitQueue, type Log } from './commit-queue.ts'
import { createReadingDialect } from './sqlite-dialect.ts'
import type { Durability } from './sqlite-open.ts'
import { startReaders } from './sqlite-readers.ts'
import { startWriter } from './sqlite-threads.ts'
import type { Compilable, SqlValue, Statement, Store } from './store.ts'
import type { Change, Tables } from './tables.ts'
import type { PlainStatement } from './wire.ts'

export interface SqliteOptions {
  /** The file; it is created when missing, its folder is not. */
  readonly path: string
  /** `full`: a commit survives the machine's death; `process`: only our own. */
  readonly durability: Durability
  readonly log?: Log | undefined
}

/** How long a closing store waits for a disk that refuses. */
const CLOSE_GRACE_MS = 10_000

/**
 * Opens the embedded database: one thread writes, others read, and none is the relay's.
 * @throws CannotOpen, NewerSchema
 */
export async function openSqliteStore({ path, durability, log }: SqliteOptions): Promise<Store> {
  const writer = await startWriter(path, durability)
  const reader = await startReaders(path).catch(async (failure: unknown) => {
    await writer.close()
    throw failure
  })
  const changeListeners: ChangeListener[] = []
  const followers = new WeakMap<Change, Promise<void>[]>()
  const balanceListeners: ((entity: number, remain: number) => void)[] = []
  const queue = new CommitQueue({
    commit: writer.commit,
    onBalance: (entity, remain) => {
      for (const listener of balanceListeners) listener(entity, remain)
    },
    onChange: (change) => {
      followers.set(
        change,
        changeListeners.map((listener) => tell(listener, change, log)),
      )
    },
    log,
  })
  const ids = new Map(Object.entries(writer.newestIds))
  return {
    db: new Kysely<Tables>({ dialect: createReadingDialect(reader.read) }),
    async write(statements, changes = []) {
      const written = await queue.write(statements.map(toPlain), changes)
      // Only those that follow this very write, so that a listener may write, too.
      await Promise.all(changes.flatMap((change) => followers.get(change) ?? []))
      return written
    },
    settle: (settlement) => queue.settle(settlement),
    async nextId(table) {
      const id = (ids.get(table) ?? 0) + 1
      ids.set(table, id)
      return id
    },
    onChange: (listener) => void changeListeners.push(listener),
    onBalance: (listener) => void balanceListeners.push(listener),
    healthy: () => queue.healthy(),
    accepting: () => queue.accepting(),
    backup: (to) => reader.backup(to),
    async close() {
      await queue.close(CLOSE_GRACE_MS)
      // The writer last: whoever closes last leaves one whole file behind, and a reader may not write it.
      await reader.close()
      await writer.close()
    },
  }
}

type ChangeListener = (change: Change) => void | Promise<void>

/** Told at once, followed in its own time. One listener that fails must not keep the others, or the write's caller, waiting. */
async function tell(listener: ChangeListener, change: Change, log: Log | undefined): Promise<void> {
  try {
    await listener(change)
  } catch (failure) {
    log?.error({ err: failure, change }, 'a cache failed to follow a change')
  }
}

function toPlain(statement: Statement | Compilable): PlainStatement {
  const { sql, parameters } = 'sql' in statement ? statement : statement.compile()
  const must = 'must' in statement && statement.must === 'row'
  // Kysely types parameters as unknown; the database refuses what is no value, and the write with it.
  return { sql, parameters: parameters as readonly SqlValue[], must }
}
