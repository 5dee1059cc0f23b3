import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Semaphore } from '../semaphore.ts'

/** How files begin that a process may have left behind: it died before it took their names away. */
export const FILE_PREFIX = 'turnpike-upload-'
/** So much may wait to be written before whoever sends is held back. */
const MOST_WAITING = 256 * 1024
const PIECE = 128 * 1024

/** What a file needs to know of its disk. */
export interface Disk {
  readonly folder: string
  readonly turns: Semaphore
  /** Asked before each few megabytes. Rejects where there is too little room. */
  readonly checkRoom: (writtenBytes: number) => Promise<void>
}

/** How a file's writing goes on. */
export interface WritingHeard {
  /** What waited has been written. */
  free(): void
  failed(error: unknown): void
}

/** A file that has no name: nobody else can open it, and its bytes are gone when it is closed or its process has ended. */
export class DiskFile {
  readonly #disk: Disk
  readonly #heard: WritingHeard
  readonly #opening: Promise<FileHandle>
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #writtenBytes = 0
  #writing: Promise<void> | undefined
  #isClosed = false

  constructor(disk: Disk, heard: WritingHeard) {
    this.#disk = disk
    this.#heard = heard
    this.#opening = disk.turns.take(() => openNameless(disk.folder))
    // Whoever writes hears of it.
    this.#opening.catch(() => undefined)
  }

  /** Appends. False: more should wait until it is free. */
  write(bytes: Buffer): boolean {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#writing ??= this.#writeAll().catch((error: unknown) => {
      if (!this.#isClosed) this.#heard.failed(error)
    })
    return this.#waitingBytes < MOST_WAITING
  }

  /** All that was appended is written, or `failed` was called. */
  async written(): Promise<void> {
    await this.#writing
  }

  /** So many bytes from there, piece by piece. Rejects where they can't be read, also after `close`. */
  async *read(from: number, bytes: number): AsyncGenerator<Buffer> {
    const file = await this.#opening
    const end = from + bytes
    for (let at = from; at < end; ) {
      if (this.#isClosed) throw new Error('an upload is read after its call is over')
      const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, end - at))
      const { bytesRead } = await this.#disk.turns.take(() => file.read(piece, 0, piece.length, at))
      if (bytesRead === 0) throw new Error('a file of an upload is shorter than it was written')
      at += bytesRead
      yield piece.subarray(0, bytesRead)
    }
  }

  /** Gives its room back. Harmless when it is closed already. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#waiting = []
    this.#opening.then((file) => file.close()).catch(() => undefined)
  }

  async #writeAll(): Promise<void> {
    const file = await this.#opening
    while (this.#waiting.length > 0) {
      await this.#disk.checkRoom(this.#writtenBytes)
      const batch = this.#waiting
      this.#waiting = []
      this.#waitingBytes = 0
      await this.#disk.turns.take(() => this.#append(file, batch))
      this.#heard.free()
    }
    this.#writing = undefined
  }

  async #append(file: FileHandle, batch: readonly Buffer[]): Promise<void> {
    for (let rest = batch; rest.length > 0; ) {
      const { bytesWritten } = await file.writev(rest, this.#writtenBytes)
      this.#writtenBytes += bytesWritten
      rest = behind(rest, bytesWritten)
    }
  }
}

/** What of the pieces comes after so many bytes. */
function behind(pieces: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skipped = bytes
  for (const [at, piece] of pieces.entries()) {
    if (skipped < piece.length) return [piece.subarray(skipped), ...pieces.slice(at + 1)]
    skipped -= piece.length
  }
  return []
}

/** Its name is taken away at once. It can't be guessed either, and nothing that is there already is opened. */
async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, FILE_PREFIX + randomBytes(16).toString('hex'))
  const file = await open(path, 'wx+', 0o600)
  try {
    // Another process that starts now may have done it: they remove what has been left.
    await rm(path, { force: true })
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}
