import type { Entity, Period } from '../ledger/entity.ts'
import { PERIODS } from '../ledger/entity.ts'

/** What may be spent in each day, week or month, as it was sent and is kept. */
export interface BudgetWish {
  readonly period: Period
  /** Units, 1 .. 10^15. */
  readonly amount: number
  /** An IANA time zone; absent = UTC. */
  readonly tz?: string
}

/** The columns `key.extra` and `account.limits`, as far as they are about budgets. */
export interface Budgeted {
  /** At most one of each period; absent = none. */
  readonly budgets?: readonly BudgetWish[]
}

/** A budget of a key or an account, ready to be asked. */
export interface Budget {
  readonly owner: Entity
  readonly whose: 'key' | 'account'
  readonly period: Period
  readonly amount: number
  readonly tz: string
}

const DEFAULT_TZ = 'UTC'

/** Budgets as a column keeps them, beside whatever else is there. */
export const readBudgets = (column: string | null): readonly BudgetWish[] =>
  column === null ? [] : ((JSON.parse(column) as Budgeted).budgets ?? [])

/** What stands after some were sent: an empty list takes all away, an absent one changes nothing. */
export function mergeBudgets(before: Budgeted, sent: Budgeted): Budgeted {
  const { budgets = [] } = sent.budgets === undefined ? before : sent
  return budgets.length === 0 ? {} : { budgets }
}

/** `undefined` when there are none, so that the relay asks one property of a key and is done. */
export function compileBudgets(
  key: { readonly entity: Entity; readonly budgets: readonly BudgetWish[] },
  account: { readonly entity: Entity; readonly budgets: readonly BudgetWish[] },
): readonly Budget[] | undefined {
  if (key.budgets.length + account.budgets.length === 0) return undefined
  return [...budgetsOf('key', key), ...budgetsOf('account', account)]
}

/** Those of one owner, the shortest period first. */
export const budgetsOf = (
  whose: Budget['whose'],
  { entity, budgets }: { readonly entity: Entity; readonly budgets: readonly BudgetWish[] },
): readonly Budget[] =>
  budgets
    .map(({ period, amount, tz = DEFAULT_TZ }) => ({ owner: entity, whose, period, amount, tz }))
    .sort((one, other) => PERIODS.indexOf(one.period) - PERIODS.indexOf(other.period))
