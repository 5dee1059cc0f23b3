import Type, { type Static } from 'typebox'
import type { BudgetWish } from '../budgets/budget.ts'
import { isTimeZone } from '../budgets/calendar.ts'
import type { BudgetStanding } from '../budgets/standing.ts'
import { Refused } from '../errors.ts'
import { PERIODS } from '../ledger/entity.ts'
import { MOST_UNITS } from '../ledger/units.ts'

const LONGEST_TZ = 64

const period = Type.Union([Type.Literal('day'), Type.Literal('week'), Type.Literal('month')])
const budget = Type.Object({
  period,
  amount: Type.Integer({
    minimum: 1,
    maximum: MOST_UNITS,
    description: `Quota units that may be spent in a period, 1 to ${MOST_UNITS}.`,
  }),
  tz: Type.Optional(
    Type.String({
      maxLength: LONGEST_TZ,
      description: 'IANA time zone whose days count, such as Europe/Amsterdam. Absent = UTC.',
    }),
  ),
})

/** Budgets as they can be sent of a key or an account. */
export const budgetFields = {
  budgets: Type.Optional(
    Type.Array(budget, {
      maxItems: PERIODS.length,
      description:
        'At most one for each period; weeks begin on Monday. Absent = none; [] takes them away again.',
    }),
  ),
}

/** The same as records show them. */
export const budgetsShown = {
  budgets: Type.Optional(
    Type.Array(budget, { description: 'As they were sent. Absent when not set.' }),
  ),
}

/** How budgets stand, for whoever may see it. */
export const budgetStanding = Type.Object({
  whose: Type.Union([Type.Literal('key'), Type.Literal('account')]),
  period,
  amount: Type.Integer(),
  used: Type.Integer({ description: 'Units spent in the running period.' }),
  remaining: Type.Integer(),
  resets_at: Type.String({ description: 'When the next period begins, in RFC 3339.' }),
})

/** What a schema can't say. @throws Refused */
export function checkBudgets(budgets: readonly BudgetWish[]): void {
  for (const [at, { period, tz }] of budgets.entries()) {
    if (budgets.findIndex((one) => one.period === period) !== at) {
      throw invalid(`budgets must have at most one for each period, got two for "${period}"`)
    }
    if (tz !== undefined && !isTimeZone(tz)) {
      throw invalid(
        `budgets[${at}].tz must be an IANA time zone such as Europe/Amsterdam, got ${JSON.stringify(tz)}`,
      )
    }
  }
}

export const toStanding = ({
  budget,
  used,
  remaining,
  resetsAt,
}: BudgetStanding): Static<typeof budgetStanding> => ({
  whose: budget.whose,
  period: budget.period,
  amount: budget.amount,
  used,
  remaining,
  resets_at: resetsAt,
})

const invalid = (why: string): Refused => new Refused('invalid_field', why)
