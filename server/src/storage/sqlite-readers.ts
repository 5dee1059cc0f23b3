import type { Read } from './reading-driver.ts'
import { type ReaderThread, startReader } from './sqlite-threads.ts'

/** A reader that has been at one read for so long keeps others waiting. */
const STUCK_MS = 30

export interface Readers {
  readonly read: Read
  backup(path: string): Promise<void>
  close(): Promise<void>
}

/**
 * Two readers as one: a chart that takes seconds must not keep a key from being looked up. The second is started when
 * the first is stuck for the first time, because a thread that nobody needs is 25 MB all the same.
 */
export async function startReaders(path: string): Promise<Readers> {
  const first = await startReader(path)
  let second: ReaderThread | undefined
  let starting: Promise<unknown> | undefined
  let watched = 0
  let watch: NodeJS.Timeout | undefined

  const startSecond = () => {
    starting = startReader(path).then(
      (started) => {
        second = started
        first.passOn(started)
      },
      () => {
        // The next look tries again.
        starting = undefined
      },
    )
  }
  /** Looks again after a while: two looks at one and the same read, and others wait for it. */
  const look = () => {
    watch = undefined
    const stuck = watched !== 0 && first.working() === watched
    watched = first.working()
    if (first.busy() < 2 || starting !== undefined) return
    if (stuck) startSecond()
    else watchFirst()
  }
  const watchFirst = () => {
    // Answers that have arrived meanwhile are heard before the look.
    watch ??= setTimeout(() => setImmediate(look), STUCK_MS)
  }
  const idlest = () => (second !== undefined && second.busy() < first.busy() ? second : first)
  return {
    read(sql, parameters) {
      const answer = idlest().read(sql, parameters)
      if (starting === undefined && first.busy() > 1) watchFirst()
      return answer
    },
    backup: (to) => idlest().backup(to),
    async close() {
      clearTimeout(watch)
      await starting
      await Promise.all([first.close(), second?.close()])
    },
  }
}
