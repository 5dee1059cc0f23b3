import { closeSync, openSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { openForReading } from './sqlite-open.ts'

/**
 * Copies a database as it is at one moment, also while a gateway writes to it, into a new file for its owner's eyes.
 * The open read holds that moment fast: without it every commit would begin the copy anew, and under load it would
 * never end.
 */
export async function backupDatabase(file: string, target: string): Promise<void> {
  const database = openForReading(file)
  try {
    closeSync(openSync(target, 'wx', 0o600))
    await copy(database, target)
  } finally {
    database.close()
  }
}

async function copy(database: DatabaseSync, target: string): Promise<void> {
  try {
    database.exec('begin')
    database.prepare('select value from meta').all()
    await backup(database, target)
    asOneFile(target)
  } catch (failure) {
    // Half a copy must not be taken for a backup.
    rmSync(target, { force: true })
    throw failure
  }
}

/** In WAL mode whoever reads the copy, if only to examine it, would leave two more files beside it. */
function asOneFile(path: string): void {
  const database = new DatabaseSync(path)
  try {
    database.exec('pragma journal_mode = delete')
  } finally {
    database.close()
  }
}
