import type { BudgetStanding } from '../../budgets/standing.ts'
import type { Verdict } from './check-route.ts'

/** Contract 3.1, check 12, as far as it can be said without a request: whether each budget has anything left. */
export function judgeBudgets(standings: readonly BudgetStanding[]): readonly Verdict[] {
  if (standings.length > 0) return standings.map(judgeBudget)
  const because = 'neither the key nor its account has budgets'
  return [{ check: 'budgets', refusal: undefined, because }]
}

const judgeBudget = ({ budget, remaining, resetsAt }: BudgetStanding): Verdict => ({
  check: 'budgets',
  refusal: remaining > 0 ? undefined : 'budget_exhausted',
  because: `${remaining} of ${budget.amount} units of the ${budget.whose}'s ${budget.period} budget are left until ${resetsAt}`,
})
