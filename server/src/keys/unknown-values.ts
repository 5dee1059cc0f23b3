/**
 * Values that look like keys and are none are remembered for a moment, so that repeating one costs neither a query nor
 * a digest each time.
 */
export interface UnknownValues {
  has(value: string): boolean
  add(value: string): void
  clear(): void
}

const REMEMBERED_MS = 5_000
const MOST_REMEMBERED = 10_000

/** Bounded in time and number, oldest out first. */
export function createUnknownValues(now: () => number): UnknownValues {
  const until = new Map<string, number>()
  return {
    has: (value) => until.size > 0 && (until.get(value) ?? 0) > now(),
    add(value) {
      until.delete(value)
      until.set(value, now() + REMEMBERED_MS)
      // The oldest come first. A value may be somebody's secret elsewhere: none stays longer than it is of use.
      for (const [oldest, end] of until) {
        if (end > now() && until.size <= MOST_REMEMBERED) break
        until.delete(oldest)
      }
    },
    clear: () => until.clear(),
  }
}
