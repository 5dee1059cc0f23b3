import type { BudgetStanding } from '../../budgets/standing.ts'
import { because } from '../../keys/because.ts'
import type { Verdict } from './check-route.ts'

/** Contract 3.1, check 12, as far as it can be said without a request: whether each budget has anything left. */
export function judgeBudgets(standings: readonly BudgetStanding[]): readonly Verdict[] {
  if (standings.length > 0) return standings.map(judgeBudget)
  return [{ check: 'budgets', refusal: undefined, because: because('no_budgets', {}) }]
}

const judgeBudget = ({ budget, remaining, resetsAt }: BudgetStanding): Verdict => ({
  check: 'budgets',
  refusal: remaining > 0 ? undefined : 'budget_exhausted',
  because: because('budget', {
    whose: budget.whose,
    period: budget.period,
    left_units: remaining,
    amount_units: budget.amount,
    resets_at: resetsAt,
  }),
})
