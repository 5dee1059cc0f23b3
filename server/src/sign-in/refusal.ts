import { type RefusalCode, Refused, refusals } from '../errors.ts'

/** Which of our refusals one of the library's is. The others are `invalid_request`, in its own words. */
const CODES: Readonly<Record<string, RefusalCode>> = {
  INVALID_USERNAME_OR_PASSWORD: 'sign_in_refused',
  UNAUTHORIZED: 'session_ended',
  INVALID_PASSWORD: 'password_refused',
  INVALID_TOKEN: 'link_refused',
  INVALID_CODE: 'code_refused',
  INVALID_BACKUP_CODE: 'code_refused',
  INVALID_TWO_FACTOR_COOKIE: 'code_refused',
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: 'code_refused',
  ACCOUNT_TEMPORARILY_LOCKED: 'rate_limited',
  PASSKEY_NOT_FOUND: 'passkey_refused',
  AUTHENTICATION_FAILED: 'passkey_refused',
  CHALLENGE_NOT_FOUND: 'passkey_refused',
  INVALID_ORIGIN: 'origin_refused',
  MISSING_OR_NULL_ORIGIN: 'origin_refused',
  CROSS_SITE_NAVIGATION_LOGIN_BLOCKED: 'origin_refused',
}

/** What the library refused, as the gateway says it. Trouble of its own is `internal`. */
export async function refusalOf(answer: Response): Promise<Refused> {
  const said: { code?: unknown; message?: unknown } = await answer
    .json()
    .catch(() => ({}))
    .then((body: unknown) => Object(body))
  const code = typeof said.code === 'string' ? said.code : ''
  if (code in refusals) return new Refused(code as RefusalCode)
  const known = CODES[code]
  if (known === 'rate_limited') return locked()
  if (known !== undefined) return new Refused(known)
  if (answer.status >= 500) return new Refused('internal')
  const message = typeof said.message === 'string' ? said.message : ''
  return new Refused('invalid_request', message === '' ? undefined : message)
}

/** The library's own lock, after ten codes that were wrong. */
const LOCK_SECONDS = 900
const locked = () =>
  new Refused('rate_limited', 'too many wrong codes: this account is locked for 15 minutes', {
    retryAfter: LOCK_SECONDS,
  })
