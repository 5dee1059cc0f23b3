import { RecentCounts } from './recent-counts.ts'

const WINDOW_MS = 10_000
/** A quiet gateway may try again so often in that time, whatever its calls. */
const LEAST = 10
/** Groups are the administrator's, but a script may make and delete them for ever. */
const MOST_GROUPS = 1_000

/**
 * Keeps calls that fail from multiplying: a provider that is dying must not be asked twice as much for it. Of all calls
 * of a group in the last ten seconds, some percent may be tried once more.
 */
export class RetryBudget {
  /** Good: calls. Bad: further attempts. */
  readonly #recent = new RecentCounts(WINDOW_MS)

  called(now: number): void {
    this.#recent.addGood(now)
  }

  /** Whether one further attempt is left of so many for each hundred calls. */
  has(now: number, percent: number): boolean {
    const most = percent === 0 ? 0 : Math.max(LEAST, (this.#recent.good(now) * percent) / 100)
    return this.#recent.bad(now) + 1 <= most
  }

  /** Takes one, if there is one left. */
  take(now: number, percent: number): boolean {
    if (!this.has(now, percent)) return false
    this.#recent.addBad(now)
    return true
  }
}

/** The budget of a group. */
export type RetryBudgets = (group: string) => RetryBudget

export function createRetryBudgets(): RetryBudgets {
  const budgets = new Map<string, RetryBudget>()
  return (group) => {
    const known = budgets.get(group)
    if (known !== undefined) return known
    if (budgets.size >= MOST_GROUPS) budgets.delete(budgets.keys().next().value as string)
    const budget = new RetryBudget()
    budgets.set(group, budget)
    return budget
  }
}
