import type { Entity } from '../ledger/entity.ts'

/** How much of each may be in any 60 seconds, and how many calls at a time. Absent = no limit. */
export interface Limits {
  readonly rpm_limit?: number
  readonly tpm_limit?: number
  readonly max_concurrent?: number
}

/** The limits of a key or an account, ready to be asked. */
export interface Limited {
  readonly entity: Entity
  readonly whose: 'key' | 'account'
  readonly rpm: number | undefined
  readonly tpm: number | undefined
  readonly concurrent: number | undefined
}

export const MOST_RPM = 1_000_000
export const MOST_TPM = 1_000_000_000
export const MOST_CONCURRENT = 100_000

const LIMIT_NAMES = ['rpm_limit', 'tpm_limit', 'max_concurrent'] as const

/** Limits as the columns `key.extra` and `account.limits` keep them, beside whatever else is there. */
export function readLimits(column: string | null): Limits {
  return column === null ? {} : mergeLimits({}, JSON.parse(column) as Limits)
}

/** What stands after some were sent: `null` takes a limit away, an absent one stays. */
export function mergeLimits(before: Limits, sent: SentLimits): Limits {
  const merged = LIMIT_NAMES.map(
    (name) => [name, sent[name] === undefined ? before[name] : sent[name]] as const,
  )
  return Object.fromEntries(merged.filter(([, value]) => typeof value === 'number'))
}

type SentLimits = { readonly [N in keyof Limits]?: number | null | undefined }

/** `undefined` when nothing is limited, so that the relay asks one property of a key and is done. */
export function compileLimits(
  key: { readonly entity: Entity; readonly limits: Limits },
  account: { readonly entity: Entity; readonly limits: Limits },
): readonly Limited[] | undefined {
  const limited = [limitedOf(key, 'key'), limitedOf(account, 'account')].filter(isLimited)
  return limited.length === 0 ? undefined : limited
}

const limitedOf = (
  { entity, limits }: { readonly entity: Entity; readonly limits: Limits },
  whose: Limited['whose'],
): Limited => ({
  entity,
  whose,
  rpm: limits.rpm_limit,
  tpm: limits.tpm_limit,
  concurrent: limits.max_concurrent,
})

const isLimited = ({ rpm, tpm, concurrent }: Limited): boolean =>
  rpm !== undefined || tpm !== undefined || concurrent !== undefined
