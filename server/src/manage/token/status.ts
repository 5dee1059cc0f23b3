import { type RawBuilder, sql } from 'kysely'
import { Refused } from '../../errors.ts'
import { MARKED_EXHAUSTED, MARKED_EXPIRED, NEVER_EXPIRES } from '../../keys/stored-key.ts'

export const KEY_ENABLED = 1

/** What the status of a key depends on. */
export interface StatusParts {
  /** What its owner set. */
  readonly status: number
  readonly expired_time: number
  readonly unlimited_quota: number
  readonly remain: number
}

const isPast = ({ expired_time }: StatusParts, nowSeconds: number): boolean =>
  expired_time !== NEVER_EXPIRES && expired_time <= nowSeconds

const isExhausted = ({ unlimited_quota, remain }: StatusParts): boolean =>
  unlimited_quota === 0 && remain <= 0

/** Contract 2.2: 2 if disabled, else a mark set by update, else 3 past its time, else 4 if finite and at 0, else 1. */
export function effectiveStatus(key: StatusParts, nowSeconds: number): number {
  if (key.status !== KEY_ENABLED) return key.status
  if (isPast(key, nowSeconds)) return MARKED_EXPIRED
  return isExhausted(key) ? MARKED_EXHAUSTED : KEY_ENABLED
}

/** The same of a row that `selectKeys` reads. */
export const effectiveStatusSql = (nowSeconds: number): RawBuilder<number> => sql<number>`
  case when key.status <> ${sql.lit(KEY_ENABLED)} then key.status
       when key.expired_time <> ${sql.lit(NEVER_EXPIRES)} and key.expired_time <= ${nowSeconds} then ${sql.lit(MARKED_EXPIRED)}
       when key.unlimited_quota = 0 and coalesce(balance.remain, 0) <= 0 then ${sql.lit(MARKED_EXHAUSTED)}
       else ${sql.lit(KEY_ENABLED)} end`

interface Judged {
  readonly wanted: number
  readonly before: StatusParts
  /** The key as it will be, its status aside. */
  readonly after: StatusParts
}

/**
 * The status to keep when one was sent. 3 and 4 mean "unchanged" when the key shows just that (clients send records
 * back); otherwise they are marks that block until 1 is sent. @throws Refused when enabling would not enable.
 */
export function judgeStatus({ wanted, before, after }: Judged, nowSeconds: number): number {
  const shown = effectiveStatus(before, nowSeconds)
  if (wanted === shown) return before.status
  if (wanted !== KEY_ENABLED) return wanted
  if (isPast(after, nowSeconds)) {
    throw new Refused(
      'key_still_expired',
      `the key expired at ${after.expired_time} and would still be expired: send a later expired_time, or -1, with status 1`,
    )
  }
  if (isExhausted(after)) {
    throw new Refused(
      'key_still_exhausted',
      'the key has no quota and would still be exhausted: send remain_quota above 0, or unlimited_quota true, with status 1',
    )
  }
  return KEY_ENABLED
}
