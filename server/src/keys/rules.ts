import type { RefusalCode } from '../errors.ts'
import { AUTO } from '../groups/groups.ts'
import type { ApiKey } from './api-key.ts'

/** What the rules look at in a call. `model` is undefined where the endpoint names none. */
export interface RuledCall {
  /** The caller's address, canonical: see keys/address.ts. */
  readonly ip: string
  readonly model?: string | undefined
}

/** One pure rule. `nowSeconds` is Unix time. `because` says how it came out, for `POST /api/token/{id}/check`. */
export interface Rule {
  readonly check: string
  readonly refuses: (key: ApiKey, call: RuledCall, nowSeconds: number) => RefusalCode | undefined
  readonly because: (key: ApiKey, call: RuledCall, nowSeconds: number) => string
}

// The address stands before the state: a stolen key used from elsewhere learns no more than that the key exists.
export const addressAllowed: Rule = {
  check: 'address',
  refuses: (key, call) => (key.mayCallFrom(call.ip) ? undefined : 'ip_not_allowed'),
  because: (key, call) => {
    if (key.addressCount === 0) return 'any address may use this key'
    const entries = key.addressCount === 1 ? '1 entry' : `${key.addressCount} entries`
    return key.mayCallFrom(call.ip)
      ? `${call.ip} is in allow_ips (${entries})`
      : `${call.ip} is in none of ${entries}`
  },
}

export const accountActive: Rule = {
  check: 'account',
  refuses: (key) => (key.accountActive ? undefined : 'account_suspended'),
  because: (key) =>
    key.accountActive
      ? `account ${key.username} is active`
      : `account ${key.username} is suspended`,
}

export const keyEnabled: Rule = {
  check: 'status',
  refuses: (key) => (key.disabled ? 'key_disabled' : undefined),
  because: (key) => (key.disabled ? 'the key is disabled (status 2)' : 'the key is not disabled'),
}

const notMarked: Rule = {
  check: 'mark',
  refuses: (key) => {
    if (key.mark === 3) return 'key_expired'
    return key.mark === 4 ? 'quota_exhausted' : undefined
  },
  because: (key) =>
    key.mark === 0
      ? 'the key carries no mark'
      : `the key was marked ${key.mark === 3 ? 'expired' : 'exhausted'} (status ${key.mark}) by an update; send status 1 to lift it`,
}

const notExpired: Rule = {
  check: 'expiry',
  refuses: (key, _call, nowSeconds) =>
    key.expiresAt !== null && key.expiresAt <= nowSeconds ? 'key_expired' : undefined,
  because: (key, _call, nowSeconds) => {
    if (key.expiresAt === null) return 'the key never expires'
    const when = `${describeTime(key.expiresAt)}, now ${describeTime(nowSeconds)}`
    return key.expiresAt <= nowSeconds ? `the key expired at ${when}` : `the key expires at ${when}`
  },
}

const modelAllowed: Rule = {
  check: 'model',
  refuses: (key, call) =>
    call.model === undefined || key.mayUseModel(call.model) ? undefined : 'model_not_allowed',
  because: (key, call) => {
    if (key.modelLimits.length === 0) return 'the key may use any model'
    if (call.model === undefined) return `the key may use ${key.modelLimits.length} models`
    const verdict = key.mayUseModel(call.model) ? 'one' : 'none'
    return `${call.model} is ${verdict} of ${key.modelLimits.length} in model_limits`
  },
}

export const groupAvailable: Rule = {
  check: 'group',
  refuses: (key) => (key.groups.length > 0 ? undefined : 'group_not_available'),
  because: (key) => {
    if (!key.accountGroups.includes(key.group)) {
      return `the account has no access to group ${key.group}`
    }
    if (key.group !== AUTO) return `the account has access to group ${key.group}`
    return key.groups.length === 0
      ? 'auto walks no group that the account may use'
      : `auto walks ${key.groups.map(({ name }) => name).join(', ')}`
  },
}

/** Contract 3.1, checks 3 to 6: asked before the body is read. */
export const keyRules: readonly Rule[] = [
  addressAllowed,
  accountActive,
  keyEnabled,
  notMarked,
  notExpired,
]

/** Contract 3.1, checks 8 and 9: asked when the body has named its model. */
export const modelRules: readonly Rule[] = [modelAllowed, groupAvailable]

/** The first refusal among the rules, in their order. */
export function firstRefusal(
  rules: readonly Rule[],
  key: ApiKey,
  call: RuledCall,
  nowSeconds: number,
): RefusalCode | undefined {
  for (const rule of rules) {
    const refusal = rule.refuses(key, call, nowSeconds)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

const describeTime = (seconds: number): string => new Date(seconds * 1000).toISOString()
