import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { claimOwnership } from '../storage/ownership.ts'
import { openSqliteStore } from '../storage/sqlite.ts'
import type { Store } from '../storage/store.ts'
import { type DataFolder, dataFolderAt } from './data-folder.ts'
import { StartError } from './start-error.ts'
import type { Terminal } from './terminal.ts'

/** A database that this process owns for the moment. */
export interface OwnStore {
  readonly folder: DataFolder
  readonly store: Store
  readonly outside: {
    readonly now: () => number
    readonly random: (bytes: number) => Uint8Array
  }
}

/** The data folder that a command means. @throws StartError when nothing was ever started there. */
export function presentFolder(terminal: Terminal, typed: string | undefined): DataFolder {
  const path = typed ?? (terminal.environment.TURNPIKE_DATA?.trim() || 'data')
  const folder = dataFolderAt(resolve(terminal.folder, path))
  if (existsSync(folder.databaseFile)) return folder
  throw new StartError(
    `There is no database in ${folder.path}. Name the data folder with --data or TURNPIKE_DATA.`,
  )
}

/** Lends the database while no gateway runs on it. @throws OwnedElsewhere when one does. */
export async function withOwnStore<T>(
  terminal: Terminal,
  typed: string | undefined,
  use: (own: OwnStore) => Promise<T>,
): Promise<T> {
  const folder = presentFolder(terminal, typed)
  const ownership = claimOwnership(folder.path)
  try {
    const store = await openSqliteStore({ path: folder.databaseFile, durability: 'full' })
    try {
      return await use({ folder, store, outside: { now: Date.now, random: randomBytes } })
    } finally {
      await store.close()
    }
  } finally {
    ownership.release()
  }
}
