import { type Budgeted, mergeBudgets } from '../../budgets/budget.ts'
import { type Limits, mergeLimits } from '../../rates/limits.ts'
import type { SentFields } from './fields.ts'

/** The fields that are ours, as the column `key.extra` keeps them. They appear in records only when set. */
export type Extra = Pick<SentFields, (typeof LISTS)[number]> & Limits & Budgeted

const LISTS = ['auto_groups', 'fallback_models', 'metadata'] as const

export const readExtra = (column: string | null): Extra =>
  column === null ? {} : (JSON.parse(column) as Extra)

/** What the column should hold after these fields were sent: an empty list or object takes a field away again, null a limit. */
export function mergeExtra(before: Extra, sent: SentFields): Extra {
  const lists = LISTS.map((name) => [name, sent[name] ?? before[name]] as const)
  return {
    ...Object.fromEntries(lists.filter(([, value]) => !isEmpty(value))),
    ...mergeLimits(before, sent),
    ...mergeBudgets(before, sent),
  }
}

export const writeExtra = (extra: Extra): string | null =>
  Object.keys(extra).length === 0 ? null : JSON.stringify(extra)

const isEmpty = (value: object | undefined): boolean =>
  value === undefined || Object.keys(value).length === 0
