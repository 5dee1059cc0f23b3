import type { Effort, ReasoningWish } from './neutral/request.ts'

/** Tokens that a word stands for where a provider takes tokens only. `max` and `xhigh` fill what the largest models think. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 24_576,
  xhigh: 49_152,
  max: 98_304,
}

/** The wish in tokens; `undefined`: the model decides. */
export function budgetOf({ effort, budget }: ReasoningWish): number | undefined {
  if (budget !== undefined) return budget < 0 ? undefined : budget
  return effort === undefined ? undefined : BUDGETS[effort]
}

/** The wish in a word; `undefined`: the model decides. */
export function effortOf({ effort, budget }: ReasoningWish): Effort | undefined {
  if (effort !== undefined) return effort
  if (budget === undefined || budget < 0) return undefined
  if (budget === 0) return 'none'
  if (budget <= BUDGETS.minimal) return 'minimal'
  if (budget <= BUDGETS.low * 2) return 'low'
  if (budget <= BUDGETS.medium * 2) return 'medium'
  return 'high'
}
