/** Pauses after each failed attempt: a short outage costs minutes, a long one is waited for over a day. */
const PAUSES_MS: readonly number[] = [
  5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000,
  36_000_000,
]
/** What waited for the same outage must not all come back at the same moment. */
const JITTER = 0.2

/** How long to wait after so many failed attempts (1, 2, ...); `undefined`: it is given up. `chance`: 0 <= x < 1. */
export function pauseAfter(attempts: number, chance: number): number | undefined {
  const pause = PAUSES_MS[attempts - 1]
  return pause === undefined ? undefined : Math.round(pause * (1 + JITTER * chance))
}
