import { type RawBuilder, sql } from 'kysely'
import { columnOf, type Model, toStored } from './models.ts'

/** One condition, as the sign-in library asks it. */
export interface Condition {
  readonly field: string
  readonly operator: string | undefined
  readonly connector: string | undefined
  readonly mode: string | undefined
  readonly value: unknown
}

type Sql = RawBuilder<unknown>

const COMPARISONS: Readonly<Record<string, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
}

/** What holds of the rows that are meant. All that are joined by AND hold, and one of those that are joined by OR. */
export function matching(model: Model, conditions: readonly Condition[]): Sql {
  const all = conditions.filter(({ connector }) => connector !== 'OR')
  const any = conditions.filter(({ connector }) => connector === 'OR')
  const parts = all.map((condition) => one(model, condition))
  if (any.length > 0) {
    const choices = any.map((condition) => one(model, condition))
    parts.push(sql`(${sql.join(choices, sql` or `)})`)
  }
  if (model.hasTombstones) parts.push(sql`deleted_at is null`)
  return parts.length === 0 ? sql`1 = 1` : sql.join(parts, sql` and `)
}

function one(model: Model, { field, operator = 'eq', value, mode }: Condition): Sql {
  const column = columnOf(model, field)
  const left = sql.ref(column.name)
  if (mode === 'insensitive') throw new Error(`${field} is compared letter by letter only`)
  if (operator === 'in' || operator === 'not_in') {
    const values = (Array.isArray(value) ? value : [value]).map((each) => toStored(column, each))
    if (values.length === 0) return operator === 'in' ? sql`1 = 0` : sql`1 = 1`
    return sql`${left} ${sql.raw(operator === 'in' ? 'in' : 'not in')} (${sql.join(values)})`
  }
  const stored = toStored(column, value)
  const comparison = COMPARISONS[operator]
  if (comparison === undefined) throw new Error(`${field} can't be asked by ${operator}`)
  // What is no number compares with nothing, and an id of that kind is nobody's.
  if (typeof stored === 'number' && !Number.isSafeInteger(stored)) return sql`1 = 0`
  if (stored !== null) return sql`${left} ${sql.raw(comparison)} ${stored}`
  return operator === 'ne' ? sql`${left} is not null` : sql`${left} is null`
}
