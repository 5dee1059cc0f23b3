import { useRef } from 'react'
import { ApiFailure, mayPass } from '../api/failure.ts'

const BYTES = 16

/** One thing that a form does, however often it has to be sent until its answer comes. */
export interface Attempt {
  /** `Idempotency-Key` of every sending. */
  readonly key: string
  /** When it was sent first: what depends on the time must not make a repeat another body. Unix seconds. */
  readonly sinceSeconds: number
}

/** Not `randomUUID`, which browsers have only where the connection is encrypted. */
export const newAttempt = (): Attempt => ({
  key: Array.from(crypto.getRandomValues(new Uint8Array(BYTES)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join(''),
  sinceSeconds: Math.floor(Date.now() / 1000),
})

/** Nobody knows yet whether it was done; or it was, and this is something else. */
const isOpen = (failure: unknown): boolean =>
  mayPass(failure) || (failure instanceof ApiFailure && failure.code === 'idempotency_conflict')

/**
 * For a form that must do its thing once: sends with the same attempt until an answer has come, so that a second click,
 * or a try after an answer that was lost, finds what the first one did. What was refused was not done, and ends it.
 */
export function useOnce(): <T>(send: (attempt: Attempt) => Promise<T>) => Promise<T> {
  const attempt = useRef<Attempt>(undefined)
  return async (send) => {
    attempt.current ??= newAttempt()
    try {
      const answer = await send(attempt.current)
      attempt.current = undefined
      return answer
    } catch (failure) {
      if (!isOpen(failure)) attempt.current = undefined
      throw failure
    }
  }
}
