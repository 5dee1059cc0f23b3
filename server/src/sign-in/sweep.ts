import type { Store } from '../storage/store.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'
import { FORGOTTEN_AFTER_MS } from './backoff.ts'

export interface SweepParts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 3_600_000
/** So few at a time that no settlement waits long for it. */
const MOST_A_WRITE = 500

/** Starts the rounds that delete what ended by itself: sessions, half-done proofs, and failures that count no more. */
export function createSweep({ store, now, failed }: SweepParts): Rounds {
  const { db } = store
  const sessions = () => {
    const ended = db.selectFrom('session').select('id').where('expires_at_ms', '<=', now())
    return db.deleteFrom('session').where('id', 'in', ended.limit(MOST_A_WRITE))
  }
  const proofs = () => {
    const ended = db.selectFrom('verification').select('id').where('expires_at_ms', '<=', now())
    return db.deleteFrom('verification').where('id', 'in', ended.limit(MOST_A_WRITE))
  }
  const failures = () => {
    const before = now() - FORGOTTEN_AFTER_MS
    const old = db.selectFrom('sign_in_failure').select('subject').where('last_at_ms', '<', before)
    return db.deleteFrom('sign_in_failure').where('subject', 'in', old.limit(MOST_A_WRITE))
  }
  async function round(over: () => boolean): Promise<void> {
    for (const deletion of [sessions, proofs, failures]) {
      for (let full = true; full && !over(); ) {
        const written = await store.write([deletion()])
        full = written.done && (written.changed[0] ?? 0) >= MOST_A_WRITE
      }
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}
