import { isDeepStrictEqual } from 'node:util'
import { setBudgets } from '../ledger/budget-statements.ts'
import type { Entity } from '../ledger/entity.ts'
import type { Statement, Store } from '../storage/store.ts'
import { type Budget, type BudgetWish, budgetsOf } from './budget.ts'
import { amountsNow } from './standing.ts'

export interface BudgetChange {
  readonly whose: Budget['whose']
  readonly owner: Entity
  readonly before: readonly BudgetWish[]
  readonly after: readonly BudgetWish[]
  /** For the books. */
  readonly actor: string
}

/**
 * What a write adds when an owner's budgets change: running periods have what is left of new amounts. Comes before any
 * statement that changes the owner's own balance: balances are locked in one order.
 */
export function changeRunningPeriods(
  { store, now }: { readonly store: Pick<Store, 'dialect'>; readonly now: () => number },
  { whose, owner, before, after, actor }: BudgetChange,
): readonly Statement[] {
  if (isDeepStrictEqual(before, after)) return []
  const at = now()
  const amounts = amountsNow(budgetsOf(whose, { entity: owner, budgets: after }), at)
  return setBudgets(store, { amounts, also: [owner], actor, seconds: Math.floor(at / 1000) })
}
