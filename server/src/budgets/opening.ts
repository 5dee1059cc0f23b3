import { Refused } from '../errors.ts'
import { openBudget } from '../ledger/budget-statements.ts'
import type { BudgetPeriod, Entity } from '../ledger/entity.ts'
import { StorageUnavailable } from '../storage/failures.ts'
import type { Statement, Store } from '../storage/store.ts'

export interface OpeningParts {
  readonly store: Pick<Store, 'db' | 'dbForCalls' | 'dialect' | 'write'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A balance was read, or opened. */
  readonly found: (entity: Entity, remain: number) => void
  /** Grows when a failover may have lost what was found out before. */
  readonly doubts: () => number
}

/** A period whose balance memory does not know. */
export interface Wanted {
  readonly entity: Entity
  readonly budget: BudgetPeriod
}

/**
 * Finds balances of periods, and opens those that no call has asked for before. Resolves with those that there are: the
 * others are no budgets of their owners any more. Rejects with `ledger_unavailable`.
 */
export type Open = (wanted: readonly Wanted[]) => Promise<ReadonlySet<Entity>>

/** So many go together: at midnight many keys begin a new day. */
const MOST = 100

/**
 * What is asked for while a round is under way is the next one, so that a thousand keys at midnight are some ten writes,
 * and a period that many calls want is asked for once.
 */
export function createOpening(parts: OpeningParts): Open {
  const waiting = new Map<Entity, Asked>()
  let underway = false

  async function rounds(): Promise<void> {
    underway = true
    while (waiting.size > 0) {
      const round = [...waiting.values()].slice(0, MOST)
      for (const { wanted } of round) waiting.delete(wanted.entity)
      try {
        const there = await find(
          parts,
          round.map(({ wanted }) => wanted),
        )
        for (const { wanted, done } of round) done.resolve(there.has(wanted.entity))
      } catch (failure) {
        const told =
          failure instanceof StorageUnavailable ? new Refused('ledger_unavailable') : failure
        for (const { done } of round) done.reject(told)
      }
    }
    underway = false
  }

  function ask(wanted: Wanted): Promise<boolean> {
    const same = waiting.get(wanted.entity)
    if (same !== undefined) return same.done.promise
    const asked: Asked = { wanted, done: Promise.withResolvers() }
    waiting.set(wanted.entity, asked)
    if (!underway) void rounds()
    return asked.done.promise
  }

  return async (wanted) => {
    const isThere = await Promise.all(wanted.map(ask))
    return new Set(wanted.filter((_, nth) => isThere[nth]).map(({ entity }) => entity))
  }
}

interface Asked {
  readonly wanted: Wanted
  /** Whether there is such a balance. */
  readonly done: PromiseWithResolvers<boolean>
}

/** Those that there are. */
async function find(parts: OpeningParts, wanted: readonly Wanted[]): Promise<ReadonlySet<Entity>> {
  const { store, now, doubts } = parts
  const before = doubts()
  // Whoever still needs to know what was asked before asks again.
  const found: OpeningParts['found'] = (entity, remain) => {
    if (doubts() === before) parts.found(entity, remain)
  }
  const rows = await store.dbForCalls
    .selectFrom('balance_now')
    .select(['entity', 'remain'])
    .where(
      'entity',
      'in',
      wanted.map(({ entity }) => entity),
    )
    // One without was never opened: calls that settled, or were refunded, after a failover had lost the opening have made
    // what there is.
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('entry')
          .select('id')
          .whereRef('entry.entity', '=', 'balance_now.entity')
          .where('entry.kind', '<>', 'refund'),
      ),
    )
    .execute()
  for (const { entity, remain } of rows) found(entity, remain)
  const there = new Set(rows.map(({ entity }) => entity))
  const missing = wanted.filter(({ entity }) => !there.has(entity))
  if (missing.length === 0) return there
  const seconds = Math.floor(now() / 1000)
  const statements: Statement[] = missing.flatMap((one) => openBudget(store, { ...one, seconds }))
  const written = await store.write(statements)
  if (!written.done) return there
  for (const { budget, remain } of written.rows.flat()) {
    if (budget === undefined) continue
    there.add(Number(budget))
    found(Number(budget), Number(remain))
  }
  return there
}
