import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { CannotOpen, NewerSchema } from './failures.ts'
import { migrate, SCHEMA, schemaOf } from './migrations/migrate.ts'

export type Durability = 'full' | 'process'

/** Opens the file for the one connection that writes, creating and migrating it. */
export function openForWriting(path: string, durability: Durability): DatabaseSync {
  return refusing(path, () => {
    createForOwner(path)
    const database = new DatabaseSync(path, { timeout: 5_000 })
    try {
      // NORMAL in WAL mode syncs only at checkpoints: commits survive our own death, not the machine's.
      const synchronous = durability === 'full' ? 'full' : 'normal'
      database.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous};
        pragma cache_size = -4000; pragma temp_store = memory; pragma journal_size_limit = 67108864;`)
      migrate(database, path)
      // A read-only file opens, and says so only when written to: better now than at the first settlement.
      database.exec('begin immediate; update change_counter set seq = seq; commit')
      return database
    } catch (failure) {
      database.close()
      throw failure
    }
  })
}

/** Opens the file for reading only; works beside a running gateway. */
export function openForReading(path: string): DatabaseSync {
  return refusing(path, () => {
    if (!existsSync(path)) throw new CannotOpen(path, 'there is no such file')
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    try {
      database.exec('pragma cache_size = -2000; pragma temp_store = memory;')
      const schema = schemaOf(database)
      if (schema > SCHEMA) throw new NewerSchema(path, schema, SCHEMA)
      if (schema < SCHEMA) {
        throw new CannotOpen(
          path,
          `it has schema ${schema}, and ${SCHEMA} is needed: start the gateway once`,
        )
      }
      return database
    } catch (failure) {
      database.close()
      throw failure
    }
  })
}

/**
 * The folder may be readable by others: a mounted volume, a system's own. SQLite gives its further files the mode of
 * this one. A file that is there keeps the mode that it was given.
 */
function createForOwner(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch {
    // It is there, or SQLite says what is wrong.
  }
}

function refusing(path: string, open: () => DatabaseSync): DatabaseSync {
  try {
    return open()
  } catch (failure) {
    if (failure instanceof NewerSchema || failure instanceof CannotOpen) throw failure
    throw new CannotOpen(path, whyNot(failure), failure)
  }
}

/** SQLite's primary result codes that say what an operator should look at. */
const reasons: Readonly<Record<number, string>> = {
  5: 'another process is writing to it. Is a second gateway running?',
  8: 'it is read-only. The gateway needs to write to the file and its folder.',
  10: 'the disk reports an error.',
  11: 'it is damaged. Restore a backup.',
  13: 'the disk is full.',
  14: 'the folder does not exist or may not be written to.',
  26: 'it is not a database.',
}

function whyNot(failure: unknown): string {
  const said = failure instanceof Error ? failure.message : String(failure)
  const reason = reasons[resultCode(failure) & 0xff]
  return reason === undefined ? said : `${reason} (${said})`
}

/** SQLite's extended result code of a failure; 0 when it has none. */
export function resultCode(failure: unknown): number {
  return failure instanceof Error && 'errcode' in failure ? Number(failure.errcode) : 0
}
