/** Whatever has a balance. The kind sits in the lowest digit, so that one integer column is the primary key. */
export type Entity = number & { readonly entity?: 'entity' }

const KINDS = ['key', 'account', 'budget'] as const

export const PERIODS = ['day', 'week', 'month'] as const
export type Period = (typeof PERIODS)[number]

/** One period of a budget: whose, and which day, ISO week or month since 1970, by the calendar on its owner's wall. */
export interface BudgetPeriod {
  readonly owner: Entity
  readonly period: Period
  readonly number: number
}

/** A budget period's id is `owner * ORDINALS + ordinal`: every node knows it without asking anybody. */
const ORDINALS = 2 ** 18
/** Where the ordinals of each period begin: there are days until 2328, weeks and months for longer. */
const BEGINS = { day: 0, week: 2 ** 17, month: 3 * 2 ** 16 } as const
const ENDS = { day: BEGINS.week, week: BEGINS.month, month: ORDINALS } as const
const DAY_MS = 86_400_000
/** 1970-01-01 was a Thursday: week 0 began three days before it. */
const DAYS_BEFORE_1970 = 3

export const keyEntity = (id: number): Entity => id * 4
export const accountEntity = (id: number): Entity => id * 4 + 1

/** @throws RangeError for ids of keys and accounts from 2^31 on, and outside the years that have ordinals. */
export function budgetEntity({ owner, period, number }: BudgetPeriod): Entity {
  const ordinal = BEGINS[period] + number
  const entity = (owner * ORDINALS + ordinal) * 4 + 2
  if (number >= 0 && ordinal < ENDS[period] && Number.isSafeInteger(entity)) return entity
  throw new RangeError(`there is no entity for ${period} ${number} of ${describeEntity(owner)}`)
}

export const isBudget = (entity: Entity): boolean => entity % 4 === 2

/** Balances are locked in this order by everybody: accounts and budgets before keys. */
export const inOrderOfLocks = (a: Entity, b: Entity): number =>
  Number(a % 4 === 0) - Number(b % 4 === 0) || a - b

/** Which period a budget's entity stands for. */
export function budgetPeriodOf(entity: Entity): BudgetPeriod {
  const id = Math.floor(entity / 4)
  const ordinal = id % ORDINALS
  const period = ordinal < ENDS.day ? 'day' : ordinal < ENDS.week ? 'week' : 'month'
  return { owner: Math.floor(id / ORDINALS), period, number: ordinal - BEGINS[period] }
}

/** The days, weeks and months that were over when a day began: of each the first ordinal, and the first that was not. */
export const ordinalsBefore = (day: number): readonly (readonly [from: number, until: number])[] =>
  PERIODS.map((period) => [BEGINS[period], BEGINS[period] + Math.max(0, numberOf(period, day))])

/** In `meta`: periods that were over before this day since 1970 may be swept away. */
export const SWEPT_BEFORE = 'budgets_swept_before'

/** An entity's ordinal in SQL, where it is a budget's (`entity % 4 = 2`). */
export const ORDINAL_SQL = `((entity / 4) % ${ORDINALS})`

/** The day since 1970 with which a period begins. */
export function firstDayOf({ period, number }: Pick<BudgetPeriod, 'period' | 'number'>): number {
  if (period === 'day') return number
  if (period === 'week') return number * 7 - DAYS_BEFORE_1970
  return Date.UTC(1970, number, 1) / DAY_MS
}

/** Which day, week or month since 1970 a day is in. */
export function numberOf(period: Period, day: number): number {
  if (period === 'day') return day
  if (period === 'week') return Math.floor((day + DAYS_BEFORE_1970) / 7)
  const date = new Date(day * DAY_MS)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}

/** For people: `key 12`, `account 1`, `day budget 2026-11-25 of key 12`. */
export function describeEntity(entity: Entity): string {
  const kind = KINDS[entity % 4] ?? 'entity'
  if (kind !== 'budget') return `${kind} ${Math.floor(entity / 4)}`
  const period = budgetPeriodOf(entity)
  return `${period.period} budget ${labelOf(period)} of ${describeEntity(period.owner)}`
}

/** `2026-11-25`, `2026-W48`, `2026-11`. */
function labelOf(budget: Pick<BudgetPeriod, 'period' | 'number'>): string {
  const date = new Date(firstDayOf(budget) * DAY_MS).toISOString().slice(0, 10)
  if (budget.period === 'day') return date
  if (budget.period === 'month') return date.slice(0, 7)
  const { yearOfWeek, weekOfYear } = Temporal.PlainDate.from(date)
  return `${yearOfWeek}-W${String(weekOfYear).padStart(2, '0')}`
}
