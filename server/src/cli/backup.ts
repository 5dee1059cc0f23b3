import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { backupDatabase } from '../storage/backup.ts'
import { examine } from './doctor.ts'
import { presentFolder, refusePostgres } from './own-store.ts'
import type { Typed } from './run.ts'
import { StartError } from './start-error.ts'
import { DONE, type Terminal } from './terminal.ts'

/** Copies the database as it is at one moment, also while a gateway runs, and examines the copy. */
export async function backup(terminal: Terminal, { words, options }: Typed): Promise<number> {
  refusePostgres(
    terminal,
    options.data,
    'PostgreSQL is backed up with its own tools, such as pg_dump --format=custom --file=<file> "$DATABASE_URL".',
  )
  const folder = presentFolder(terminal, options.data)
  const target = resolve(terminal.folder, words[0] ?? '')
  if (existsSync(target)) {
    throw new StartError(
      `${target} exists already. A backup overwrites nothing: name another file.`,
    )
  }
  try {
    await backupDatabase(folder.databaseFile, target)
  } catch (cause) {
    throw new StartError(`The database could not be copied to ${target}: ${String(cause)}`, {
      cause,
    })
  }
  const code = await examine(terminal, target)
  if (code === DONE) {
    terminal.complain(
      'Without the root secret this copy is of no use: keep that too, in another place.',
    )
  }
  return code
}
