import { Refused } from '../errors.ts'

const WINDOW_MS = 60_000

/** Counts the management calls of each account. @throws Refused `rate_limited`. */
export type Admit = (accountId: number) => void

/**
 * At most so many calls in any 60 seconds, exactly: each admitted call is remembered until it leaves the window. What is
 * held is bounded by what was admitted in the last minute; refused calls are not counted, so a client that keeps on
 * asking is served again as soon as there is room.
 */
export function createAdmit(parts: { perMinute: () => number; now: () => number }): Admit {
  const { perMinute, now } = parts
  const recent = new Map<number, number[]>()
  let swept = now()

  function sweep(at: number): void {
    if (at - swept < WINDOW_MS) return
    swept = at
    for (const [account, calls] of recent) {
      if ((calls.at(-1) ?? 0) <= at - WINDOW_MS) recent.delete(account)
    }
  }

  return (accountId) => {
    const at = now()
    sweep(at)
    const calls = recent.get(accountId) ?? []
    const gone = calls.findIndex((time) => time > at - WINDOW_MS)
    calls.splice(0, gone < 0 ? calls.length : gone)
    const most = perMinute()
    if (calls.length >= most) {
      // Room is there when so many have left that one more fits; the limit may have been lowered meanwhile.
      const leaving = calls[calls.length - most] ?? at
      throw new Refused('rate_limited', `at most ${most} management calls a minute and account`, {
        retryAfter: Math.max(1, Math.ceil((leaving + WINDOW_MS - at) / 1000)),
      })
    }
    calls.push(at)
    recent.set(accountId, calls)
  }
}
