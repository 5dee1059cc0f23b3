import type { Store } from '../storage/store.ts'

const FLUSH_MS = 2_000
/** Ids in one statement: few enough for every database's limit of parameters. */
const IDS_AT_ONCE = 500

/** When keys were last used, gathered in memory: a request must not cost a write of its own. */
export interface AccessTimes {
  touch(keyId: number): void
  flush(): Promise<void>
  close(): Promise<void>
}

/** Writes the times every two seconds, all keys of that span with the same time, and once more at close. */
export function createAccessTimes(
  store: Pick<Store, 'db' | 'write'>,
  now: () => number,
): AccessTimes {
  let touched = new Set<number>()
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    if (touched.size === 0) return
    const ids = [...touched]
    touched = new Set()
    const accessed_time = Math.floor(now() / 1000)
    const statements = []
    for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
      const some = ids.slice(at, at + IDS_AT_ONCE)
      statements.push(store.db.updateTable('key').set({ accessed_time }).where('id', 'in', some))
    }
    try {
      await store.write(statements)
    } catch {
      // The disk refuses, which the ledger tells everybody who needs to know. Times can wait.
      for (const id of ids) touched.add(id)
    }
  }

  const flush = (): Promise<void> => {
    writing = writing.then(write)
    return writing
  }
  const timer = setInterval(() => void flush(), FLUSH_MS).unref()

  return {
    touch: (keyId) => void touched.add(keyId),
    flush,
    close() {
      clearInterval(timer)
      return flush()
    },
  }
}
