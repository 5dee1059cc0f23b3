import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCalendar, isTimeZone, momentIn, spanAt } from '../../src/budgets/calendar.ts'
import {
  accountEntity,
  budgetEntity,
  budgetPeriodOf,
  describeEntity,
  keyEntity,
  PERIODS,
} from '../../src/ledger/entity.ts'

const HOUR_MS = 3_600_000
const ZONES = [
  ...['UTC', 'Europe/Amsterdam', 'America/New_York', 'America/St_Johns', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'Pacific/Kiritimati', 'Africa/Cairo', 'America/Santiago', 'Asia/Kathmandu'],
]

describe('a day begins with the first moment of its date', () => {
  it.each([
    ['UTC', '2026-11-25T12:00:00Z', '2026-11-25T00:00:00Z', 24],
    ['Europe/Amsterdam', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', 23],
    ['Europe/Amsterdam', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', 25],
    ['America/New_York', '2026-03-08T18:00:00Z', '2026-03-08T05:00:00Z', 23],
    ['America/New_York', '2026-11-01T18:00:00Z', '2026-11-01T04:00:00Z', 25],
    ['Australia/Lord_Howe', '2026-10-04T06:00:00Z', '2026-10-03T13:30:00Z', 23.5],
    // Midnight does not exist: the clock goes from 23:59 to 01:00.
    ['America/Santiago', '2026-09-06T12:00:00Z', '2026-09-06T04:00:00Z', 23],
    ['Africa/Cairo', '2026-04-24T12:00:00Z', '2026-04-23T22:00:00Z', 23],
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00Z', 23],
    // Midnight comes twice: the day has begun with the first one.
    ['America/Havana', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', 25],
    // The clock goes back from 00:01 to 23:01, and the hour that comes again belongs to the day that had begun.
    ['America/St_Johns', '2010-11-07T02:45:00Z', '2010-11-07T02:30:00Z', 25],
    // There was no 30 December.
    ['Pacific/Apia', '2011-12-30T09:00:00Z', '2011-12-29T10:00:00Z', 24],
  ])('in %s at %s', (tz, at, from, hours) => {
    const span = spanAt('day', tz, Date.parse(at))
    expect(new Date(span.from).toISOString()).toBe(new Date(from).toISOString())
    expect((span.until - span.from) / HOUR_MS).toBe(hours)
  })
})

it('weeks begin on Monday and months on their first day', () => {
  const week = spanAt('week', 'Europe/Amsterdam', Date.parse('2026-03-29T12:00:00Z'))
  expect(momentIn('Europe/Amsterdam', week.from)).toBe('2026-03-23T00:00:00+01:00')
  expect(momentIn('Europe/Amsterdam', week.until)).toBe('2026-03-30T00:00:00+02:00')
  const month = spanAt('month', 'Europe/Amsterdam', Date.parse('2026-02-28T23:30:00Z'))
  expect(momentIn('Europe/Amsterdam', month.from)).toBe('2026-03-01T00:00:00+01:00')
})

/** The date on the wall, by another way than the program's. */
function dateIn(tz: string, at: number): Date {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: tz, dateStyle: 'short' })
  return new Date(`${parts.format(at)}T00:00:00Z`)
}

const labelled = {
  day: (date: Date) => date.getTime(),
  week: (date: Date) => date.getTime() - ((date.getUTCDay() + 6) % 7) * 24 * HOUR_MS,
  month: (date: Date) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1),
}

it('every moment is in one period, whose ends are changes of the date, and the next one follows at once', () => {
  const moment = fc.integer({
    min: Date.UTC(2012, 0, 1),
    max: Date.UTC(2040, 0, 1),
  })
  fc.assert(
    fc.property(
      moment,
      fc.constantFrom(...ZONES),
      fc.constantFrom(...PERIODS),
      (at, tz, period) => {
        const span = spanAt(period, tz, at)
        expect(span.from).toBeLessThanOrEqual(at)
        expect(span.until).toBeGreaterThan(at)
        const labels = [span.from - 1, span.from, at, span.until - 1, span.until].map((one) =>
          labelled[period](dateIn(tz, one)),
        )
        expect(labels[0]).toBeLessThan(labels[1] as number)
        expect(labels[2]).toBe(labels[1])
        expect(labels[3]).toBe(labels[1])
        expect(labels[4]).toBeGreaterThan(labels[1] as number)
        const next = spanAt(period, tz, span.until)
        expect([next.from, next.number]).toEqual([span.until, span.number + 1])
      },
    ),
    { numRuns: 1_500 },
  )
})

it('a calendar remembers a span until it ends, and no longer', () => {
  const { spanAt: remembered } = createCalendar()
  const at = Date.parse('2026-11-25T23:59:59.999Z')
  const today = remembered('day', 'UTC', at)
  expect(remembered('day', 'UTC', at - 1_000)).toBe(today)
  expect(remembered('day', 'UTC', at + 1).number).toBe(today.number + 1)
  expect(remembered('day', 'Asia/Tokyo', at).number).toBe(today.number + 1)
})

it('a period has one entity, from which owner and period can be told', () => {
  const owner = fc.oneof(
    fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(keyEntity),
    fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(accountEntity),
  )
  fc.assert(
    fc.property(
      owner,
      fc.constantFrom(...PERIODS),
      fc.nat(2 ** 16 - 1),
      (whose, period, number) => {
        const budget = { owner: whose, period, number }
        const entity = budgetEntity(budget)
        expect(Number.isSafeInteger(entity)).toBe(true)
        expect(entity % 4).toBe(2)
        expect(budgetPeriodOf(entity)).toEqual(budget)
      },
    ),
  )
  expect(() => budgetEntity({ owner: keyEntity(2 ** 32), period: 'day', number: 1 })).toThrow(
    RangeError,
  )
  expect(() => budgetEntity({ owner: 4, period: 'day', number: -1 })).toThrow(RangeError)
})

it.each([
  ['day', 'day budget 2026-11-25 of key 12'],
  ['week', 'week budget 2026-W48 of key 12'],
  ['month', 'month budget 2026-11 of key 12'],
] as const)('a %s is told in words', (period, words) => {
  const { number } = spanAt(period, 'UTC', Date.parse('2026-11-25T12:00:00Z'))
  expect(describeEntity(budgetEntity({ owner: keyEntity(12), period, number }))).toBe(words)
})

it('only names of time zones are time zones', () => {
  expect(['UTC', 'Europe/Kyiv', 'Europe/Kiev', 'asia/tokyo'].filter(isTimeZone)).toHaveLength(4)
  expect(['', '+01:00', 'Mars/Olympus', 'Europe/Amsterdam ', '-08'].filter(isTimeZone)).toEqual([])
})
