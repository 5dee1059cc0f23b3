/**
 * Every "no" the gateway can say: code, status, and what the caller should do. Status numbers live here and nowhere else.
 * `docs/errors.md` is generated from this table and checked against it.
 */
export const refusals = {
  key_missing: [
    401,
    'invalid token: no API key was sent',
    'Send `Authorization: Bearer <key>`, `x-api-key` or `x-goog-api-key`.',
  ],
  key_malformed: [
    401,
    'invalid token: this is not an API key of this gateway',
    'Check the key for typing errors; copy it again from where it was created.',
  ],
  key_unknown: [
    401,
    'invalid token: this API key is not known',
    'It may have been deleted or rotated; create another one.',
  ],
  key_disabled: [401, 'this API key is disabled', 'Its owner can enable it again.'],
  key_expired: [
    401,
    'this API key has expired',
    'Its owner can give it a later expired_time or create another key.',
  ],
  pat_missing: [
    401,
    'no personal access token was sent',
    'Send a personal access token as `Authorization: <token>`.',
  ],
  pat_unknown: [
    401,
    'this personal access token is not known',
    'Create one in your personal settings or with `turnpike tokens create`.',
  ],
  pat_expired: [401, 'this personal access token has expired', 'Create another one.'],
  session_ended: [401, 'you are signed out: this session has ended', 'Sign in again.'],
  session_not_fresh: [
    403,
    'you signed in too long ago for this',
    'Sign out and in again, and do it within a day.',
  ],
  code_refused: [
    401,
    'this code is not valid',
    'Send the one that is shown now, or sign in again.',
  ],
  passkey_refused: [401, 'this passkey opens nothing here', 'Sign in in another way.'],
  password_refused: [400, 'this is not your password', 'Send the present one.'],
  sign_up_closed: [403, 'nobody signs up here', 'Ask an administrator for an account.'],
  invitation_refused: [
    403,
    'this invitation is not valid any more',
    'Ask whoever gave it to you for another one.',
  ],
  link_refused: [403, 'this link is not valid any more', 'Ask for another one.'],
  sign_in_refused: [
    401,
    'username or password is wrong',
    'Check both. Whoever has forgotten the password asks an administrator.',
  ],
  origin_refused: [
    403,
    'this request does not come from a page of this gateway',
    'Open the console at the address of the gateway itself; programs send a personal access token.',
  ],
  password_change_due: [
    403,
    'the password must be changed first',
    'Choose one of your own: the present one was made by the program.',
  ],
  scope_missing: [
    403,
    'this personal access token lacks the scope',
    'Use a token with the scope that is named.',
  ],
  account_suspended: [403, 'this account is suspended', 'Ask the administrator.'],
  ip_not_allowed: [
    403,
    'this address may not use this API key',
    'Call from an address in allow_ips, or have it added.',
  ],
  model_not_allowed: [
    403,
    'this API key may not use this model',
    'Choose one of GET /v1/models, or have it added to model_limits.',
  ],
  group_not_available: [
    403,
    'no access to group',
    'Ask the administrator for access, or move the key to another group.',
  ],
  price_missing: [
    403,
    'this model has no price',
    'An administrator sets one with PUT /api/price/{model}, or marks its channel free.',
  ],
  quota_exhausted: [
    403,
    'this API key has not enough quota left',
    'Its owner can raise remain_quota.',
  ],
  insufficient_balance: [
    403,
    'the balance of this account is too low',
    'Top up the account, or ask the administrator.',
  ],
  budget_exhausted: [
    403,
    'the budget of this period is spent',
    'Wait for the reset that is named.',
  ],
  model_not_found: [404, 'nobody serves this model', 'Choose one of GET /v1/models.'],
  object_not_found: [
    404,
    'this object does not exist',
    'Check its id; ids belong to the account that created them.',
  ],
  route_not_found: [404, 'there is nothing at this address', 'Check the path and the base URL.'],
  invalid_request: [400, 'the request is not valid', 'Mend what the message names.'],
  unsupported_parameter: [400, 'this parameter is not supported here', 'Leave it out.'],
  thread_unsupported: [
    400,
    'conversations are not kept here',
    'Leave thread out, and send the whole conversation.',
  ],
  body_too_large: [413, 'the request body is too large', 'Send less.'],
  headers_too_large: [431, 'the headers are larger than 64 KiB', 'Send fewer or shorter headers.'],
  request_timeout: [408, 'the request took too long to arrive', 'Send it in one go.'],
  session_expired: [408, 'this realtime session has lasted as long as it may', 'Open another one.'],
  rate_limited: [429, 'too many requests', 'Wait as long as Retry-After says.'],
  quota_reserved: [
    429,
    'the quota that is left is held by running calls',
    'Try again in a second.',
  ],
  upstream_unreachable: [
    502,
    'the provider could not be reached',
    'Try again; the operator sees the reason in the log.',
  ],
  channel_refused: [
    502,
    'the provider refused this gateway',
    'Tell the operator: the channel needs attention.',
  ],
  upstream_invalid: [502, 'the provider sent an answer that is not valid', 'Try again.'],
  no_channel_available: [503, 'no channel is up for this model', 'Try again after Retry-After.'],
  uploads_full: [
    503,
    'there is no room for another long upload now',
    'Try again after Retry-After; the operator can raise limits.upload_disk_bytes.',
  ],
  ledger_unavailable: [503, 'the ledger cannot be written now', 'Try again; nothing was charged.'],
  draining: [503, 'this gateway is shutting down', 'Try again; another one answers soon.'],
  upstream_timeout: [504, 'the provider took too long', 'Try again, or ask for less.'],
  internal: [500, 'something went wrong in the gateway', 'Report it with the request id.'],

  // With status 200 on /api (contract 2).
  invalid_json: [200, 'the body is not valid JSON', 'Send a JSON object.'],
  invalid_field: [200, 'a field is not valid', 'Mend the field that the message names.'],
  name_too_long: [200, 'token name is too long', 'Use at most 50 characters.'],
  quota_out_of_range: [200, 'this amount of quota is out of range', 'Send 0 .. 10^15 whole units.'],
  invalid_address: [200, 'allow_ips is not valid', 'One IPv4, IPv6 or CIDR a line.'],
  group_not_accessible: [200, 'no access to group', 'Choose one of GET /api/user/self/groups.'],
  key_not_found: [200, 'there is no such API key', 'Check the id.'],
  key_not_stored: [
    200,
    'the value of this API key was shown once and can not be shown again',
    'Rotate the key to get a new value.',
  ],
  too_many_keys: [
    200,
    'this account has as many keys as it may have',
    'Delete keys that are not used.',
  ],
  quota_too_low: [200, 'the balance is lower than what should be taken', 'Take less.'],
  key_still_expired: [
    200,
    'the key would still be expired',
    'Send a later expired_time, or -1, with it.',
  ],
  key_still_exhausted: [
    200,
    'the key would still be exhausted',
    'Send remain_quota or unlimited_quota with it.',
  ],
  redemption_unknown: [200, 'this code is not known', 'Check the code for typing errors.'],
  redemption_used: [
    200,
    'this code was redeemed already',
    'A code works once: ask for another one.',
  ],
  redemption_expired: [200, 'this code has expired', 'Ask whoever gave it to you for another one.'],
  idempotency_conflict: [200, 'this Idempotency-Key was used with another body', 'Use a new one.'],
  not_found: [200, 'there is no such record', 'Check the id or name.'],
  already_exists: [200, 'there is one with this name already', 'Choose another name.'],
  mail_off: [
    200,
    'this gateway sends no e-mail, so nobody can prove an address',
    'Ask an administrator to set it.',
  ],
  in_use: [200, 'this is still in use', 'Take it out of use first.'],
} as const satisfies Record<string, readonly [status: number, says: string, todo: string]>

export type RefusalCode = keyof typeof refusals

export const statusOf = (code: RefusalCode): number => refusals[code][0]
/** The refusal's own sentence, with no detail. */
export const saysOf = (code: RefusalCode): string => refusals[code][1]
export const todoOf = (code: RefusalCode): string => refusals[code][2]

/**
 * An expected "no". `says` replaces the catalogue's sentence for the client (no secrets, no upstream text);
 * `detail` is for our log only. `retryAfter` in seconds. `headers`: names and values that the answer carries besides.
 */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: RefusalCode
  readonly detail: string | undefined
  /** True when the catalogue's own sentence is said. */
  readonly standard: boolean
  readonly retryAfter: number | undefined
  readonly headers: readonly string[]
  constructor(
    code: RefusalCode,
    says?: string,
    more: { detail?: string; retryAfter?: number; headers?: readonly string[] } = {},
  ) {
    // An expected "no" has nothing to trace, and a trace costs a fifth of saying it.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(says ?? saysOf(code))
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.standard = says === undefined
    this.detail = more.detail
    this.retryAfter = more.retryAfter
    this.headers = more.headers ?? NONE
  }
}

const NONE: readonly string[] = []

/** What a usage record says when the caller left before its answer was complete. Never sent. */
export const CLIENT_LEFT_STATUS = 499

/** An upstream's answer as contract 3.3 sorts it. */
export const upstreamStatus = {
  isGood: (status: number): boolean => status >= 200 && status < 300,
  /** Between us and the provider: not for the caller's eyes. A redirection would lead it past the gateway. */
  isOursToKnow: (status: number): boolean => status < 400 || DENYING.has(status),
  /** The key or the account that we sent is at fault. */
  deniesUs: (status: number): boolean => DENYING.has(status),
  isRateLimit: (status: number): boolean => status === 429,
  /** The provider's servers are at fault. */
  isTheirFailure: (status: number): boolean => status >= 500,
  /** It has no such thing, or nothing of the kind. */
  hasNoSuchPath: (status: number): boolean => status === 404 || status === 405,
  /** Accuses the channel, not the caller: another channel may do better. */
  accusesChannel: (status: number): boolean =>
    status < 400 || status >= 500 || ACCUSING.has(status),
}
const DENYING = new Set([401, 402, 403, 407])
const ACCUSING = new Set([401, 402, 403, 407, 408, 409, 425, 429])
