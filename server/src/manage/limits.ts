import { Refused } from '../errors.ts'

const WINDOW_MS = 60_000

/** Counts the management calls of each account. @throws Refused `rate_limited`. */
export type Admit = (accountId: number) => void

/**
 * At most so many calls in any 60 seconds, exactly. Refused calls are not counted, so a client that keeps on asking is
 * served again as soon as there is room.
 */
export function createAdmit(parts: { perMinute: () => number; now: () => number }): Admit {
  const { perMinute, now } = parts
  const recent = createRecent(now)
  return (accountId) => {
    const most = perMinute()
    const retryAfter = recent.secondsUntilRoom(accountId, most)
    if (retryAfter > 0) {
      const says = `at most ${most} management calls a minute and account`
      throw new Refused('rate_limited', says, { retryAfter })
    }
    recent.count(accountId)
  }
}

/** What each account did in the last 60 seconds. */
export interface Recent {
  /** Seconds until one more makes no more than `most` in any 60 seconds; 0 when it may be done now. */
  secondsUntilRoom(accountId: number, most: number): number
  count(accountId: number): void
}

/** Each deed is remembered until it leaves the window, so what is held is bounded by what was counted in it. */
export function createRecent(now: () => number): Recent {
  const recent = new Map<number, number[]>()
  let swept = now()

  function sweep(at: number): void {
    if (at - swept < WINDOW_MS) return
    swept = at
    for (const [account, times] of recent) {
      if ((times.at(-1) ?? 0) <= at - WINDOW_MS) recent.delete(account)
    }
  }

  function timesOf(accountId: number, at: number): number[] {
    const times = recent.get(accountId) ?? []
    const gone = times.findIndex((time) => time > at - WINDOW_MS)
    times.splice(0, gone < 0 ? times.length : gone)
    return times
  }

  return {
    secondsUntilRoom(accountId, most) {
      const at = now()
      sweep(at)
      const times = timesOf(accountId, at)
      if (times.length < most) return 0
      // Room is there when so many have left that one more fits; the limit may have been lowered meanwhile.
      const leaving = times[times.length - most] ?? at
      return Math.max(1, Math.ceil((leaving + WINDOW_MS - at) / 1000))
    },
    count(accountId) {
      const at = now()
      const times = timesOf(accountId, at)
      times.push(at)
      recent.set(accountId, times)
    },
  }
}
