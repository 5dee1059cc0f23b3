import { StorageUnavailable, UniqueViolation } from '../storage/failures.ts'
import { mustChange, type Settlement, type Statement, type Store } from '../storage/store.ts'
import type { BalanceChange } from './ledger.ts'
import { changeBalance } from './statements.ts'

const RETRY_MS = 1_000

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
        .selectFrom('balance')
        .select('remain')
        .where('entity', '=', change.entity)
        .executeTakeFirst()
      return row?.remain
    }
  }
}

/**
 * Gives back what a settlement took from finite balances; what was used stays used. Goes on until the disk takes it,
 * and does nothing when the request was refunded before.
 */
export function createRefund(store: Store, now: () => number) {
  return async (settlement: Settlement, charged: number): Promise<void> => {
    const statements = refundStatements(store, settlement, charged, Math.floor(now() / 1000))
    if (statements.length === 0) return
    for (;;) {
      try {
        await store.write(statements)
        return
      } catch (failure) {
        if (wasDoneBefore(failure)) return
        if (!(failure instanceof StorageUnavailable) || !failure.passing) throw failure
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

function refundStatements(
  store: Store,
  { key, account, keyUnlimited, accountUnlimited, record }: Settlement,
  charged: number,
  seconds: number,
): readonly Statement[] {
  const entities = [...(keyUnlimited ? [] : [key]), ...(accountUnlimited ? [] : [account])]
  return entities.flatMap((entity) => {
    const statements = changeBalance(store, {
      entity,
      delta: charged,
      kind: 'refund',
      reason: `request ${record.request_id}`,
      actor: 'gateway',
      idempotency: `refund:${record.request_id}:${entity}`,
      seconds,
    })
    return statements.map(mustChange)
  })
}

const wasDoneBefore = (failure: unknown): boolean =>
  failure instanceof UniqueViolation && failure.columns.includes('entry.idempotency')
