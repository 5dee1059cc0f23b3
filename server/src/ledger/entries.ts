import { UniqueViolation } from '../storage/failures.ts'
import { mustChange, type Store } from '../storage/store.ts'
import type { BalanceChange } from './ledger.ts'
import { changeBalance } from './statements.ts'

/** Management's changes: the balance, the entry that explains it and its idempotency in one write. */
export function createAdjust(store: Store, now: () => number) {
  return async (change: BalanceChange): Promise<number | undefined> => {
    const seconds = Math.floor(now() / 1000)
    const [balance, entry] = changeBalance(store, { ...change, kind: 'adjust', seconds })
    try {
      const written = await store.write([mustChange(balance), entry, ...(change.also ?? [])])
      return written.done ? Number(written.rows[0]?.[0]?.remain) : undefined
    } catch (failure) {
      if (!wasDoneBefore(failure)) throw failure
      const row = await store.db
        .selectFrom('balance_now')
        .select('remain')
        .where('entity', '=', change.entity)
        .executeTakeFirst()
      return row?.remain
    }
  }
}

export const wasDoneBefore = (failure: unknown): boolean =>
  failure instanceof UniqueViolation &&
  failure.columns.some((column) => column === 'entry.idempotency' || column === 'correction.cause')
