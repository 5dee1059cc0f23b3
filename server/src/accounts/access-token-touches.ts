import type { Store } from '../storage/store.ts'

const EVERY_MS = 5_000

/** When tokens were last used, written every few seconds: a write per call would cost more than the call. */
export interface Touches {
  note(tokenId: number, seconds: number): void
  close(): Promise<void>
}

/** Gathers the uses and writes them in one transaction. What a crash loses is a few seconds of "last used". */
export function createTouches(store: Store): Touches {
  let noted = new Map<number, number>()

  async function write(): Promise<void> {
    const batch = noted
    if (batch.size === 0) return
    noted = new Map()
    await store.write(
      [...batch].map(([id, seconds]) =>
        store.db.updateTable('access_token').set({ last_used_at: seconds }).where('id', '=', id),
      ),
    )
  }

  // Not worth a refusal or a log line: the store reports its own health, and the next use is noted again.
  const timer = setInterval(() => void write().catch(() => undefined), EVERY_MS).unref()
  return {
    note: (tokenId, seconds) => void noted.set(tokenId, seconds),
    async close() {
      clearInterval(timer)
      await write().catch(() => undefined)
    },
  }
}
