import { type Budgeted, mergeBudgets, readBudgets } from '../budgets/budget.ts'
import { type Limits, mergeLimits, readLimits } from '../rates/limits.ts'

/** What an account may do: its rate limits, and its budgets. Absent = no limit. */
export type AccountLimits = Limits & Budgeted

/** As the column `account.limits` keeps them. */
export const readAccountLimits = (column: string | null): AccountLimits => ({
  ...readLimits(column),
  ...mergeBudgets({}, { budgets: readBudgets(column) }),
})

export const writeAccountLimits = (limits: AccountLimits): string | null =>
  Object.keys(limits).length === 0 ? null : JSON.stringify(limits)

/** What stands after some were sent: `null` takes a rate limit away and `[]` the budgets, an absent one stays. */
export const mergeAccountLimits = (
  before: AccountLimits,
  sent: Parameters<typeof mergeLimits>[1] & Budgeted,
): AccountLimits => ({ ...mergeLimits(before, sent), ...mergeBudgets(before, sent) })
