import { readdirSync, unlinkSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Refused } from '../errors.ts'
import { Semaphore } from '../semaphore.ts'
import { DiskFile, FILE_PREFIX, type WritingHeard } from './disk-file.ts'
import { FormCutter } from './form-cutter.ts'
import { Upload } from './upload.ts'

/** Long forms, whose files wait on the disk until their call is over. */
export interface Uploads {
  /** Bytes on the disk now, or on their way there. */
  readonly bytes: () => number
  /** A form with this boundary begins to come. */
  begin(boundary: string, heard: WritingHeard): ArrivingUpload
}

/** A long form while it comes. Whoever began it releases it, however it ends. */
export interface ArrivingUpload {
  /**
   * The next bytes of it. False: the next ones should wait until `free` is called.
   * @throws Refused `body_too_large`, `uploads_full`, `invalid_request`
   */
  add(chunk: Buffer): boolean
  /** All of it has come. Resolves when it is on the disk. Rejects with what `failed` was told. */
  end(): Promise<Upload>
  /** Gives the room back: nothing of it can be read from then on. Harmless when that was done already. */
  release(): void
}

export interface UploadsParts {
  readonly folder: string
  /** Setting `limits.upload_disk_bytes`, asked each time. */
  readonly mostBytes: () => number
  /** What is free on the disk of the folder; tests have others. */
  readonly freeBytes?: (folder: string) => Promise<number>
}

/** The database may stand on the same disk, and charges must be written whatever comes in. */
const LEFT_FREE = 128 * 1024 * 1024
/** Between two looks at what is free. */
const LOOK_EVERY = 4 * 1024 * 1024
const RETRY_AFTER = 5
/** Of the four threads that the whole process has for files, look-ups of names and passwords. */
const WORK_AT_ONCE = 2

/** Builds the room, and removes files that a former process has left in the folder. */
export function createUploads(parts: UploadsParts): Uploads {
  const { folder, mostBytes, freeBytes = freeOn } = parts
  removeLeft(folder)
  // A slow disk must not hold up who looks up a name.
  const turns = new Semaphore(WORK_AT_ONCE)
  let bytes = 0
  const take = (own: number, more: number) => {
    const most = mostBytes()
    if (own + more > most) {
      throw new Refused('body_too_large', `files of a form may have ${most} bytes together here`)
    }
    if (bytes + more > most) throw full()
    bytes += more
  }
  return {
    bytes: () => bytes,
    begin(boundary, heard) {
      let own = 0
      let lookAt = 0
      let failure: Refused | undefined
      const checkRoom = async (written: number) => {
        if (written < lookAt) return
        lookAt = written + LOOK_EVERY
        const free = await turns.take(() => freeBytes(folder))
        if (free < LEFT_FREE) throw full(`${free} bytes are free on the disk of ${folder}`)
      }
      const file = new DiskFile(
        { folder, turns, checkRoom },
        {
          free: heard.free,
          failed(error) {
            failure = error instanceof Refused ? error : full(String(error))
            heard.failed(failure)
          },
        },
      )
      let mayGoOn = true
      const cutter = new FormCutter(boundary, (left) => {
        take(own, left.length)
        own += left.length
        mayGoOn = file.write(left)
      })
      return {
        add(chunk) {
          mayGoOn = true
          cutter.push(chunk)
          return mayGoOn
        },
        async end() {
          const cut = cutter.end()
          await file.written()
          if (failure !== undefined) throw failure
          return new Upload(cut, file)
        },
        release() {
          file.close()
          bytes -= own
          own = 0
        },
      }
    },
  }
}

const full = (detail?: string): Refused =>
  new Refused('uploads_full', undefined, { retryAfter: RETRY_AFTER, ...(detail && { detail }) })

async function freeOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Those of a process that died just after it had opened them. Others, in use, have no names. */
function removeLeft(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(FILE_PREFIX)) continue
    try {
      unlinkSync(join(folder, name))
    } catch {
      // Its process has just done it, or it is somebody else's.
    }
  }
}
