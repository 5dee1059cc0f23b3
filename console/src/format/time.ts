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
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const distance = seconds - nowSeconds
  for (const [unit, length] of STEPS) {
    if (Math.abs(distance) >= length) return words.format(Math.round(distance / length), unit)
  }
  return words.format(0, 'second')
}

/** Day and time of Unix seconds, on the reader's walls. */
export const formatDateTime = (locale: string, seconds: number): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(
    seconds * 1000,
  )

export const formatDate = (locale: string, seconds: number): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(seconds * 1000)
