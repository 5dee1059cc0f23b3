import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotOpen, OwnedElsewhere } from './failures.ts'
import { resultCode } from './sqlite-open.ts'

/** This process owns the data folder until it releases it or dies. */
export interface Ownership {
  /** Says where the gateway answers, for whoever finds the folder taken. */
  tell(url: string): void
  release(): void
}

interface Owner {
  readonly pid: number
  readonly url: string
  /** Unix seconds. */
  readonly since: number
}

const BUSY = 5

/**
 * Claims the data folder with a lock that the kernel drops when the process dies, however it dies. The lock has a file
 * of its own that nothing else opens: POSIX drops all locks on a file when any of its descriptors is closed.
 * @throws OwnedElsewhere, CannotOpen
 */
export function claimOwnership(folder: string, { url = '' }: { url?: string } = {}): Ownership {
  const path = join(folder, 'owner.lock')
  const lock = lockFile(folder, path)
  const since = Math.floor(Date.now() / 1000)
  const tell = (at: string) => {
    const owner: Owner = { pid: process.pid, url: at, since }
    writeFileSync(ownerPath(folder), `${JSON.stringify(owner)}\n`)
  }
  try {
    tell(url)
  } catch (failure) {
    lock.close()
    throw new CannotOpen(path, 'the folder may not be written to.', failure)
  }
  return {
    tell,
    release: () => {
      if (lock.isOpen) lock.close()
    },
  }
}

/** What the owner wrote about itself; it may have died since. */
function readOwner(folder: string): Owner | undefined {
  try {
    const said: Partial<Owner> = JSON.parse(readFileSync(ownerPath(folder), 'utf8'))
    const { pid, url, since } = said
    return typeof pid === 'number' && typeof url === 'string' && typeof since === 'number'
      ? { pid, url, since }
      : undefined
  } catch {
    return undefined
  }
}

const ownerPath = (folder: string) => join(folder, 'owner.json')

function lockFile(folder: string, path: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
    return lock
  } catch (failure) {
    lock?.close()
    if ((resultCode(failure) & 0xff) === BUSY) throw new OwnedElsewhere(folder, describe(folder))
    throw new CannotOpen(path, 'the folder does not exist or may not be written to.', failure)
  }
}

function describe(folder: string): string {
  const owner = readOwner(folder)
  if (!owner) return 'another gateway'
  const since = new Date(owner.since * 1000).toISOString()
  return `process ${owner.pid}, answering at ${owner.url || 'an address it has not told'} since ${since}`
}
