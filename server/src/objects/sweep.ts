import type { Store } from '../storage/store.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'

export interface SweepParts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 600_000
/** So few at a time that no settlement waits long for it. */
const MOST_A_WRITE = 500

/** What does not end by itself when its channel is gone. */
const LASTING = ['file', 'video', 'batch']

/** Starts the rounds that delete what ended, and files and the like of channels that are gone. */
export function createSweep({ store, now, failed }: SweepParts): Rounds {
  const { db } = store
  const gone = db.selectFrom('channel').select('id').where('deleted_at', 'is not', null)
  const ended = () =>
    db
      .selectFrom('object')
      .select('id')
      .where('expires_at', '<=', Math.floor(now() / 1000))
  const orphaned = () =>
    db
      .selectFrom('object')
      .select('id')
      .where('kind', 'in', LASTING)
      .where('channel_id', 'in', gone)

  async function round(over: () => boolean): Promise<void> {
    for (const query of [ended, orphaned]) {
      for (;;) {
        const rows = await query().limit(MOST_A_WRITE).execute()
        if (rows.length === 0 || over()) break
        const ids = rows.map(({ id }) => id)
        await store.write([db.deleteFrom('object').where('id', 'in', ids)])
      }
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}
