import { StorageUnavailable, UniqueViolation } from '../storage/failures.ts'
import { type Clock, pauseOn } from '../storage/lanes/clock.ts'
import { mustChange, type Settlement, type Statement, type Store } from '../storage/store.ts'
import { openBudget } from './budget-statements.ts'
import { budgetPeriodOf, type Entity } from './entity.ts'
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
        .selectFrom('balance_now')
        .select('remain')
        .where('entity', '=', change.entity)
        .executeTakeFirst()
      return row?.remain
    }
  }
}

/**
 * Gives back what a settlement took from finite balances; what was used stays used. Goes on until the disk takes it,
 * and does nothing when the request was refunded before. Each balance for itself: one that was filled up to the most
 * that it can hold meanwhile takes nothing back. A period of a budget is opened first, if a failover has lost that it was:
 * a refund alone would pass for all that there is of it.
 */
export function createRefund(store: Store, now: () => number, clock: Pick<Clock, 'after'>) {
  return async (settlement: Settlement, charged: number): Promise<void> => {
    const { key, account, keyUnlimited, accountUnlimited, budgets, record } = settlement
    const seconds = Math.floor(now() / 1000)
    const refund = (entity: Entity, first: readonly Statement[] = []) => {
      const giveBack = changeBalance(store, {
        entity,
        delta: charged,
        kind: 'refund',
        reason: `request ${record.request_id}`,
        actor: 'gateway',
        idempotency: `refund:${record.request_id}:${entity}`,
        seconds,
      })
      return untilTaken({ store, clock }, [...first, ...giveBack.map(mustChange)])
    }
    const refundBudget = (entity: Entity) =>
      refund(entity, openBudget(store, { entity, budget: budgetPeriodOf(entity), seconds }))
    await Promise.all([
      ...budgets.map(refundBudget),
      keyUnlimited || refund(key),
      accountUnlimited || refund(account),
    ])
  }
}

interface Taking {
  readonly store: Store
  readonly clock: Pick<Clock, 'after'>
}

async function untilTaken(
  { store, clock }: Taking,
  statements: readonly Statement[],
): Promise<void> {
  for (;;) {
    try {
      await store.write(statements)
      return
    } catch (failure) {
      if (wasDoneBefore(failure)) return
      if (!(failure instanceof StorageUnavailable) || !failure.passing) throw failure
    }
    await pauseOn(clock, RETRY_MS)
  }
}

const wasDoneBefore = (failure: unknown): boolean =>
  failure instanceof UniqueViolation && failure.columns.includes('entry.idempotency')
