import { existsSync } from 'node:fs'
import { CannotOpen } from './failures.ts'
import { type Durability, openForReading } from './sqlite-open.ts'

/** The setting `storage.durability`, which must be known before the database is opened for writing. */
export function storedDurability(path: string): Durability {
  if (!existsSync(path)) return 'full'
  try {
    const database = openForReading(path)
    const row = database
      .prepare('select value from setting where name = ?')
      .get('storage.durability')
    database.close()
    return row?.value === '"process"' ? 'process' : 'full'
  } catch (failure) {
    // A schema that is still to be migrated. Whatever else is wrong is said by the one who opens it for writing.
    if (failure instanceof CannotOpen) return 'full'
    throw failure
  }
}
