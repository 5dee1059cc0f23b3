import { dateTimeFormat, numberFormat, relativeTimeFormat } from './formatters.ts'
import { timeZone } from './preferences.ts'

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** A time in words that look back or ahead, such as "3 hours ago". Both in Unix seconds. */
export function formatAgo(locale: string, seconds: number, nowSeconds: number): string {
  const words = relativeTimeFormat(locale, { numeric: 'auto' })
  const distance = seconds - nowSeconds
  for (const [unit, length] of STEPS) {
    if (Math.abs(distance) >= length) return words.format(Math.round(distance / length), unit)
  }
  return words.format(0, 'second')
}

/** Day and time of Unix seconds, on the reader's walls. */
export const formatDateTime = (locale: string, seconds: number): string =>
  dateTimeFormat(locale, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: timeZone() },
  }).format(seconds * 1000)

export const formatDate = (locale: string, seconds: number): string =>
  dateTimeFormat(locale, { dateStyle: 'medium', timeZone: timeZone() }).format(seconds * 1000)

/** How long somebody has to wait, such as "1 min 30 sec". */
export function formatWait(locale: string, seconds: number): string {
  const whole = (value: number, unit: 'minute' | 'second') =>
    numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
  const rest = seconds % 60
  if (seconds < 60) return whole(seconds, 'second')
  const minutes = whole(Math.floor(seconds / 60), 'minute')
  return rest === 0 ? minutes : `${minutes} ${whole(rest, 'second')}`
}

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** How long something took: milliseconds below a second, then seconds, then minutes. */
export function formatDuration(locale: string, ms: number): string {
  const [value, unit, digits] =
    ms < SECOND_MS
      ? ([ms, 'millisecond', 0] as const)
      : ms < MINUTE_MS
        ? ([ms / SECOND_MS, 'second', 1] as const)
        : ([ms / MINUTE_MS, 'minute', 1] as const)
  return numberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(value)
}
