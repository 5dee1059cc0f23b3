import { ACCESS_SCOPES, type AccessScope, type Caller } from '../../accounts/caller.ts'
import { Refused } from '../../errors.ts'

export interface Wanted {
  readonly scopes: readonly AccessScope[] | null
  /** Unix seconds; null = never. */
  readonly expiresAt: number | null
}

const ORDINARY = ACCESS_SCOPES.filter((scope) => scope !== 'admin')

/**
 * A token makes none wider or longer-lived than itself (contract 1), also for other accounts: otherwise whoever steals a
 * narrow or short one trades it for a better one. @throws Refused, naming what may be asked for.
 */
export function checkBounds(caller: Caller, wanted: Wanted, nowSeconds: number): void {
  const own = caller.scopes ?? ORDINARY
  const missing = (wanted.scopes ?? ORDINARY).filter((scope) => !own.includes(scope))
  if (missing.length > 0) {
    const what = wanted.scopes === null ? 'a token without scopes' : `the scope ${missing[0]}`
    throw new Refused(
      'scope_missing',
      `your own token can't give ${what}: send scopes, at most ${own.join(', ')}`,
    )
  }
  if (wanted.expiresAt !== null && wanted.expiresAt <= nowSeconds) {
    throw new Refused('invalid_field', 'expires_at must lie in the future, in Unix seconds')
  }
  const end = caller.tokenExpiresAt
  if (end !== null && (wanted.expiresAt === null || wanted.expiresAt > end)) {
    throw new Refused(
      'invalid_field',
      `expires_at must be at most ${end}, when your own token ends`,
    )
  }
}
