import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'

export interface SweepParts {
  readonly store: Pick<Store, 'db' | 'write'>
  readonly settings: Pick<Settings, 'get'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 600_000
/** So few at a time that no settlement waits long for it. */
const MOST_A_WRITE = 500
const DAY_MS = 86_400_000

/** Starts the rounds that delete jobs which ended longer ago than usage records are kept. */
export function createSweep({ store, settings, now, failed }: SweepParts): Rounds {
  const { db } = store

  async function round(over: () => boolean): Promise<void> {
    const days = settings.get('usage.keep_days')
    if (days === 0) return
    const before = now() - days * DAY_MS
    for (;;) {
      const ended = db.selectFrom('job').select('id').where('ended_at_ms', '<', before)
      const rows = await ended.limit(MOST_A_WRITE).execute()
      if (rows.length === 0 || over()) return
      const ids = rows.map(({ id }) => id)
      await store.write([db.deleteFrom('job').where('id', 'in', ids)])
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}
