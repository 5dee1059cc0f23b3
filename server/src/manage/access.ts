import { isAccessTokenShaped } from '../accounts/access-token-shape.ts'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import { type Caller, mayUse } from '../accounts/caller.ts'
import { Refused } from '../errors.ts'
import { parseKey } from '../keys/secret.ts'
import type { CookiesSent, Sessions } from '../sign-in/sessions.ts'
import type { Operation } from './operation.ts'

/** Who calls a public operation. */
export const NOBODY: Caller = {
  accountId: 0,
  username: '',
  role: 'user',
  group: '',
  groups: [],
  tokenId: 0,
  scopes: [],
  tokenExpiresAt: null,
}

/** The credentials of a request, as its headers hold them. */
export interface Credentials {
  /** Each `Authorization` header that came: proxies and clients do send two. */
  readonly authorization: readonly string[]
  /** Whether a header that only carries API keys came too. */
  readonly apiKeyHeader: boolean
}

/** Who may be believed. */
export interface Believed {
  readonly accessTokens: AccessTokens
  readonly sessions: Sessions
}

const HOW = 'send a personal access token as `Authorization: <token>`'

/**
 * Who asks by a session of the console; `undefined` when another credential was sent, which wins, or none at all.
 * @throws Refused 401 when the session has ended, 403 for a suspended account
 */
export async function proveSession(
  { sessions }: Believed,
  sent: Credentials,
  cookies: CookiesSent,
): Promise<Caller | undefined> {
  if (sent.authorization.some((value) => value.trim() !== '') || sent.apiKeyHeader) return undefined
  const caller = await sessions.prove(cookies)
  if (typeof caller === 'string') throw new Refused(caller)
  return caller
}

/** Finds out who asks by a token. @throws Refused 401 that says which credential is due, 403 for a suspended account. */
export async function proveCaller(tokens: AccessTokens, sent: Credentials): Promise<Caller> {
  const values = new Set(sent.authorization.map(withoutBearer).filter((value) => value !== ''))
  const shaped = [...values].filter(isAccessTokenShaped)
  if (shaped.length > 1) {
    throw new Refused('pat_unknown', 'two different personal access tokens were sent: send one')
  }
  const [token] = shaped
  if (token === undefined) throw notAToken([...values], sent.apiKeyHeader)
  const caller = await tokens.prove(token)
  if (typeof caller === 'string') throw new Refused(caller)
  return caller
}

/**
 * Contract 1: the token is sent raw; `Bearer ` before it is tolerated, in any case, as RFC 9110 has it. The bare word is
 * what `Bearer $TOKEN` becomes with a variable that is not set.
 */
function withoutBearer(value: string): string {
  return value.replace(/^bearer(?:\s+|$)/i, '').trim()
}

/** Says which credential was sent instead. It is not quoted: a key that was sent to the wrong place is still a secret. */
function notAToken(values: readonly string[], apiKeyHeader: boolean): Refused {
  const [value] = values
  if (value === undefined && !apiKeyHeader) return new Refused('pat_missing')
  if (value === undefined || value.startsWith('sk-') || parseKey(value) !== undefined) {
    const code = value === undefined ? 'pat_missing' : 'pat_unknown'
    return new Refused(code, `an API key was sent, which opens model requests only: ${HOW}`)
  }
  return new Refused('pat_unknown', `this is not a personal access token: ${HOW}`)
}

/**
 * Whether the caller may use the operation at all.
 * @throws Refused `scope_missing`, naming what is missing; `password_change_due`
 */
export function requireScope(
  caller: Caller,
  { scope, whilePasswordDue = false }: Pick<Operation, 'scope' | 'whilePasswordDue'>,
): void {
  if (caller.passwordDue && !whilePasswordDue) throw new Refused('password_change_due')
  if (scope === 'public' || scope === 'any' || mayUse(caller, scope)) return
  const why =
    scope === 'admin' && caller.role !== 'admin'
      ? 'only an administrator may do this'
      : `this personal access token lacks the scope ${scope}: use one that has it`
  throw new Refused('scope_missing', why)
}
