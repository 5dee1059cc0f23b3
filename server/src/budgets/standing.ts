import { budgetEntity, type Entity } from '../ledger/entity.ts'
import type { Store } from '../storage/store.ts'
import type { Budget } from './budget.ts'
import { momentIn, spanAt } from './calendar.ts'

/** How a budget stands in its running period, in units. */
export interface BudgetStanding {
  readonly budget: Budget
  readonly entity: Entity
  readonly used: number
  readonly remaining: number
  /** RFC 3339, in the budget's time zone. */
  readonly resetsAt: string
}

/** How budgets stand, read anew. A period that no call has asked for yet is untouched. */
export async function standingsOf(
  { db }: Pick<Store, 'db'>,
  budgets: readonly Budget[],
  at: number,
): Promise<readonly BudgetStanding[]> {
  if (budgets.length === 0) return []
  const running = budgets.map((budget) => {
    const { number, until } = spanAt(budget.period, budget.tz, at)
    return { budget, until, entity: budgetEntity({ ...budget, number }) }
  })
  const rows = await db
    .selectFrom('balance_now')
    .select(['entity', 'remain', 'used'])
    .where(
      'entity',
      'in',
      running.map(({ entity }) => entity),
    )
    .execute()
  const balances = new Map(rows.map((row) => [row.entity, row]))
  return running.map(({ budget, until, entity }) => {
    const { remain = budget.amount, used = 0 } = balances.get(entity) ?? {}
    return { budget, entity, used, remaining: remain, resetsAt: momentIn(budget.tz, until) }
  })
}

/** The running periods of new budgets with their amounts, and the next ones: another node's clock may be ahead. */
export const amountsNow = (
  budgets: readonly Budget[],
  at: number,
): readonly { readonly entity: Entity; readonly amount: number }[] =>
  budgets.flatMap(({ owner, period, amount, tz }) => {
    const { number } = spanAt(period, tz, at)
    return [number, number + 1].map((one) => ({
      entity: budgetEntity({ owner, period, number: one }),
      amount,
    }))
  })
