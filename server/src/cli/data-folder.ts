import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StartError, systemCode } from './start-error.ts'

/** Where everything that must outlive the process stands. */
export interface DataFolder {
  readonly path: string
  readonly databaseFile: string
  readonly secretFile: string
}

/** The files of a data folder, whether or not they exist. */
export function dataFolderAt(path: string): DataFolder {
  return {
    path,
    databaseFile: join(path, 'turnpike.sqlite'),
    secretFile: join(path, 'secret'),
  }
}

/** Makes the folder when it is missing, for nobody else's eyes. @throws StartError when it can't be written to. */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if (!statSync(path).isDirectory()) throw new StartError(`${path} is not a folder.`)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`The data folder ${path} can't be used: ${whyNot(error)}`, {
      cause: error,
    })
  }
  return dataFolderAt(path)
}

function whyNot(error: unknown): string {
  switch (systemCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write to it. Change its owner, or set TURNPIKE_DATA.'
    case 'EROFS':
      return 'it is on a read-only file system. Set TURNPIKE_DATA to another folder.'
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file is in its way. Set TURNPIKE_DATA to another folder.'
    case 'ENOSPC':
      return 'the disk is full.'
    default:
      return String(error)
  }
}
