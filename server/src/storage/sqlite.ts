import { Kysely } from 'kysely'
import { CommitQueue, type Log } from './commit-queue.ts'
import { createListeners } from './listeners.ts'
import { createReadingDialect } from './sqlite-dialect.ts'
import type { Durability } from './sqlite-open.ts'
import { startReaders } from './sqlite-readers.ts'
import { startWriter } from './sqlite-threads.ts'
import { type Store, toPlain } from './store.ts'
import type { Change, Tables } from './tables.ts'

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
  const listeners = createListeners(log)
  const followers = new WeakMap<Change, Promise<void>>()
  const queue = new CommitQueue({
    commit: writer.commit,
    onBalance: listeners.tellBalance,
    onChange: (change) => void followers.set(change, listeners.tellChange(change)),
    log,
  })
  const ids = new Map(Object.entries(writer.newestIds))
  const db = new Kysely<Tables>({ dialect: createReadingDialect(reader.read) })
  return {
    db,
    dbForCalls: db,
    dialect: 'sqlite',
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
    async newestUsage() {
      const newest = db.selectFrom('usage').select(({ fn }) => fn.max('id').as('id'))
      return Number((await newest.executeTakeFirst())?.id ?? 0)
    },
    // One process owns the file.
    alone: (work) => work(),
    onChange: listeners.onChange,
    onBehind: listeners.onBehind,
    onBalance: listeners.onBalance,
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
