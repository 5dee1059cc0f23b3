import type { RefusalCode } from '../errors.ts'
import { AUTO } from '../groups/groups.ts'
import type { ApiKey } from './api-key.ts'
import { type Because, because } from './because.ts'

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
  readonly because: (key: ApiKey, call: RuledCall, nowSeconds: number) => Because
}

// The address stands before the state: a stolen key used from elsewhere learns no more than that the key exists.
export const addressAllowed: Rule = {
  check: 'address',
  refuses: (key, call) => (key.mayCallFrom(call.ip) ? undefined : 'ip_not_allowed'),
  because: (key, { ip }) => {
    const entries = key.addressCount
    if (entries === 0) return because('any_address', {})
    const word = key.mayCallFrom(ip) ? 'address_listed' : 'address_not_listed'
    return because(word, { ip, entries })
  },
}

export const accountActive: Rule = {
  check: 'account',
  refuses: (key) => (key.accountActive ? undefined : 'account_suspended'),
  because: (key) =>
    because(key.accountActive ? 'account_active' : 'account_suspended', { account: key.username }),
}

export const keyEnabled: Rule = {
  check: 'status',
  refuses: (key) => (key.disabled ? 'key_disabled' : undefined),
  because: (key) => because(key.disabled ? 'key_disabled' : 'key_not_disabled', {}),
}

const notMarked: Rule = {
  check: 'mark',
  refuses: (key) => {
    if (key.mark === 3) return 'key_expired'
    return key.mark === 4 ? 'quota_exhausted' : undefined
  },
  because: (key) => {
    if (key.mark === 0) return because('no_mark', {})
    return because(key.mark === 3 ? 'marked_expired' : 'marked_exhausted', {})
  },
}

const notExpired: Rule = {
  check: 'expiry',
  refuses: (key, _call, nowSeconds) =>
    key.expiresAt !== null && key.expiresAt <= nowSeconds ? 'key_expired' : undefined,
  because: ({ expiresAt }, _call, now) => {
    if (expiresAt === null) return because('never_expires', {})
    return because(expiresAt <= now ? 'expired' : 'expires', { at: expiresAt, now })
  },
}

const modelAllowed: Rule = {
  check: 'model',
  refuses: (key, call) =>
    call.model === undefined || key.mayUseModel(call.model) ? undefined : 'model_not_allowed',
  because: (key, { model }) => {
    const models = key.modelLimits.length
    if (models === 0) return because('any_model', {})
    if (model === undefined) return because('some_models', { models })
    return because(key.mayUseModel(model) ? 'model_listed' : 'model_not_listed', { model, models })
  },
}

export const groupAvailable: Rule = {
  check: 'group',
  refuses: (key) => (key.groups.length > 0 ? undefined : 'group_not_available'),
  because: ({ group, groups, accountGroups }) => {
    if (!accountGroups.includes(group)) return because('group_closed', { group })
    if (group !== AUTO) return because('group_open', { group })
    return groups.length === 0
      ? because('no_group_to_walk', {})
      : because('groups_walked', { groups: groups.map(({ name }) => name) })
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
