import { useEffect, useState } from 'react'
import { ApiFailure } from '../api/failure.ts'

const TICK_MS = 500

/** Seconds until what failed may be tried again, counting down; 0 when it may be now, or nobody said when. */
export function useSecondsLeft(failure: unknown): number {
  const until = failure instanceof ApiFailure ? failure.retryAtMs : 0
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (until === 0) return undefined
    setNow(Date.now())
    const timer = setInterval(() => {
      setNow(Date.now())
      if (Date.now() >= until) clearInterval(timer)
    }, TICK_MS)
    return () => clearInterval(timer)
  }, [until])
  return Math.max(0, Math.ceil((until - now) / 1000))
}
