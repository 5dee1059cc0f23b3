import { timeZone } from './preferences.ts'

/** Unix seconds as the reader's clock shows them, for fields: `2026-11-26T10:30`, with seconds where there are some. */
export function wallTime(seconds: number): string {
  const text = new Date((seconds + offsetAt(seconds)) * 1000).toISOString().slice(0, 19)
  return text.endsWith(':00') ? text.slice(0, -3) : text
}

/** The Unix seconds at which the reader's clock shows it; NaN for what is no time. */
export function secondsAt(wall: string): number {
  const asUtc = Math.floor(Date.parse(`${wall}Z`) / 1000)
  if (Number.isNaN(asUtc)) return Number.NaN
  // The offset is that of the moment itself, which only a first guess can ask for.
  const guess = asUtc - offsetAt(asUtc)
  return asUtc - offsetAt(guess)
}

/** Seconds that the reader's zone is ahead of UTC at a time. */
function offsetAt(seconds: number): number {
  const shown = new Intl.DateTimeFormat('en', {
    ...{ timeZone: timeZone(), hourCycle: 'h23', era: 'short' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  }).formatToParts(seconds * 1000)
  const of = (type: string) => Number(shown.find((part) => part.type === type)?.value)
  const walls = [of('hour'), of('minute'), of('second')] as const
  return Date.UTC(of('year'), of('month') - 1, of('day'), ...walls) / 1000 - Math.floor(seconds)
}
