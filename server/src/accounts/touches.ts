import type { Compilable, Store } from '../storage/store.ts'

const EVERY_MS = 5_000

/** When credentials were last used, written every few seconds: a write per call would cost more than the call. */
export interface Touches<Id> {
  note(id: Id, when: number): void
  close(): Promise<void>
}

/** Gathers the uses and writes them in one transaction. What a crash loses is a few seconds of "last used". */
export function createTouches<Id>(
  store: Store,
  touch: (id: Id, when: number) => Compilable,
): Touches<Id> {
  let noted = new Map<Id, number>()

  async function write(): Promise<void> {
    const batch = noted
    if (batch.size === 0) return
    noted = new Map()
    await store.write([...batch].map(([id, when]) => touch(id, when)))
  }

  // Not worth a refusal or a log line: the store reports its own health, and the next use is noted again.
  const timer = setInterval(() => void write().catch(() => undefined), EVERY_MS).unref()
  return {
    note: (id, when) => void noted.set(id, when),
    async close() {
      clearInterval(timer)
      await write().catch(() => undefined)
    },
  }
}
