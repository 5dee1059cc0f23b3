import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { whyNotDatabase } from '../config.ts'
import { OwnedElsewhere } from '../storage/failures.ts'
import { claimOwnership } from '../storage/ownership.ts'
import { openPostgresStore } from '../storage/postgres/open.ts'
import { openSqliteStore } from '../storage/sqlite.ts'
import type { Store } from '../storage/store.ts'
import { type DataFolder, dataFolderAt } from './data-folder.ts'
import { StartError } from './start-error.ts'
import type { Terminal } from './terminal.ts'

/** A database that a command may change. */
export interface LentStore {
  readonly store: Store
  readonly outside: {
    readonly now: () => number
    readonly random: (bytes: number) => Uint8Array
  }
}

/** One in a file, which this process owns for the moment. */
export interface OwnStore extends LentStore {
  readonly folder: DataFolder
}

/** The PostgreSQL database that a command means; undefined when it means a data folder. @throws StartError */
export function databaseUrlOf(
  { environment }: Terminal,
  typed: string | undefined,
): string | undefined {
  const url = environment.DATABASE_URL?.trim()
  if (!url || typed !== undefined) return undefined
  const why = whyNotDatabase(url)
  if (why !== undefined) throw new StartError(`DATABASE_URL: ${why}.`)
  return url
}

/** For commands that need a file. @throws StartError when PostgreSQL is meant */
export function refusePostgres(terminal: Terminal, typed: string | undefined, why: string): void {
  if (databaseUrlOf(terminal, typed) === undefined) return
  throw new StartError(`${why} To mean a data folder, name it with --data.`)
}

/** Lends the PostgreSQL database of a URL, also while gateways run: they follow what is changed. */
export async function withPostgres<T>(
  url: string,
  use: (lent: LentStore) => Promise<T>,
): Promise<T> {
  const store = await openPostgresStore({ url })
  try {
    return await use({ store, outside: OUTSIDE })
  } finally {
    await store.close()
  }
}

const OUTSIDE = { now: Date.now, random: randomBytes }

/** The data folder that a command means, whether or not it is there. */
export function meantFolder(terminal: Terminal, typed: string | undefined): DataFolder {
  const path = typed ?? (terminal.environment.TURNPIKE_DATA?.trim() || 'data')
  return dataFolderAt(resolve(terminal.folder, path))
}

/** The data folder that a command means. @throws StartError when nothing was ever started there. */
export function presentFolder(terminal: Terminal, typed: string | undefined): DataFolder {
  const folder = meantFolder(terminal, typed)
  if (existsSync(folder.databaseFile)) return folder
  throw new StartError(
    `There is no database in ${folder.path}. Name the data folder with --data or TURNPIKE_DATA.`,
  )
}

/** Whoever finds the folder taken can ask the gateway that took it: it `does` the same. @throws StartError */
export async function hinting<T>(working: Promise<T>, does: string): Promise<T> {
  try {
    return await working
  } catch (error) {
    if (!(error instanceof OwnedElsewhere)) throw error
    const hint = `Or set TURNPIKE_URL and TURNPIKE_TOKEN, and the running gateway ${does}.`
    throw new StartError(`${error.message} ${hint}`, { cause: error })
  }
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
      return await use({ folder, store, outside: OUTSIDE })
    } finally {
      await store.close()
    }
  } finally {
    ownership.release()
  }
}
