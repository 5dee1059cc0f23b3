import type { Caller } from '../accounts/caller.ts'
import { Refused } from '../errors.ts'

const FRESH_MS = 86_400_000

/**
 * What opens an account is changed by whoever signed in to the console lately: a session or a token that was stolen must
 * not become more than that. @throws Refused `session_not_fresh`
 */
export function requireFresh({ sessionSince }: Caller, now: number): void {
  if (sessionSince === undefined) {
    const says = 'only somebody who signed in to the console within a day may do this'
    throw new Refused('session_not_fresh', says)
  }
  if (now - sessionSince > FRESH_MS) throw new Refused('session_not_fresh')
}
