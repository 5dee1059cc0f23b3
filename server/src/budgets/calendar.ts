import { type BudgetPeriod, firstDayOf, numberOf, type Period } from '../ledger/entity.ts'

/** A day, ISO week or month of a time zone's calendar. */
export interface Span {
  /** Which one since 1970, by the date on its walls. */
  readonly number: number
  /** Milliseconds since 1970; `until` is the first moment of the next one. */
  readonly from: number
  readonly until: number
}

/** Spans by period and time zone: one computation each time that one ends. */
export interface Calendar {
  spanAt(period: Period, tz: string, at: number): Span
}

const DAY_MS = 86_400_000
/** There are some 600 zones, and three periods. Names in other letters are the same zones. */
const MOST_SPANS = 2_000

export function createCalendar(): Calendar {
  const latest = new Map<string, Span>()
  return {
    spanAt(period, tz, at) {
      const name = `${period} ${tz}`
      const known = latest.get(name)
      if (known !== undefined && known.from <= at && at < known.until) return known
      if (latest.size >= MOST_SPANS) latest.clear()
      const span = spanAt(period, tz, at)
      latest.set(name, span)
      return span
    },
  }
}

/**
 * The period that a moment falls in. It lasts from the first moment of its first date to the first moment of the next
 * one's: where clocks go back over midnight, the hour that comes again belongs to the new date already.
 */
export function spanAt(period: Period, tz: string, at: number): Span {
  const { year, month, day } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(tz)
  const number = numberOf(period, Date.UTC(year, month - 1, day) / DAY_MS)
  const span = spanOf({ period, number }, tz)
  return at < span.until ? span : spanOf({ period, number: number + 1 }, tz)
}

/** When a period begins and ends in a time zone. */
export function spanOf(
  { period, number }: Pick<BudgetPeriod, 'period' | 'number'>,
  tz: string,
): Span {
  const from = beginOf(firstDayOf({ period, number }), tz)
  return { number, from, until: beginOf(firstDayOf({ period, number: number + 1 }), tz) }
}

/** The first moment of a date: not every midnight exists. */
function beginOf(day: number, tz: string): number {
  const date = Temporal.PlainDate.from('1970-01-01').add({ days: day })
  return date.toZonedDateTime(tz).epochMilliseconds
}

/** A moment in RFC 3339, as people of the time zone say it. */
export const momentIn = (tz: string, at: number): string =>
  Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(tz)
    .toString({ timeZoneName: 'never', smallestUnit: 'second' })

/** Whether there is such a time zone. Offsets such as `+01:00` are none: they know no summer. */
export function isTimeZone(tz: string): boolean {
  if (!/^[a-z]/i.test(tz)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: tz })
    return true
  } catch {
    return false
  }
}
