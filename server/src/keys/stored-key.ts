import { compileBudgets, readBudgets } from '../budgets/budget.ts'
import { accountEntity, keyEntity } from '../ledger/entity.ts'
import { compileLimits, readLimits } from '../rates/limits.ts'
import type { KeyTable } from '../storage/tables.ts'
import type { ApiKey } from './api-key.ts'
import { MODEL_KILOBYTES, type Policies } from './policies.ts'

/** In `expired_time`: the key never expires. */
export const NEVER_EXPIRES = -1

export const KEY_DISABLED = 2
export const MARKED_EXPIRED = 3
export const MARKED_EXHAUSTED = 4

/** A key's row with what its account adds to it. */
export interface StoredKey
  extends Pick<
    KeyTable,
    | 'id'
    | 'account_id'
    | 'name'
    | 'status'
    | 'expired_time'
    | 'unlimited_quota'
    | 'model_limits_enabled'
    | 'model_limits'
    | 'allow_ips'
    | 'group_name'
    | 'cross_group_retry'
    | 'extra'
  > {
  readonly username: string
  readonly account_status: number
  readonly account_group: string
  readonly account_groups: string
  readonly account_unlimited: number
  readonly account_limits: string | null
}

/** Turns stored words into questions the relay can ask. Runs when a key enters the cache, never per call. */
export function compileKey(row: StoredKey, policies: Policies): { key: ApiKey; weight: number } {
  const models = policies.models(row.model_limits_enabled === 1 ? row.model_limits : '')
  const addresses = policies.addresses(row.allow_ips ?? '')
  const { group, groups, accountGroups, fallbackModels } = policies.groups(row)
  const ownFallbacks = fallbacksOf(row)
  const key: ApiKey = {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    username: policies.text(row.username),
    entity: keyEntity(row.id),
    unlimited: row.unlimited_quota === 1,
    accountEntity: accountEntity(row.account_id),
    accountUnlimited: row.account_unlimited === 1,
    accountActive: row.account_status === 1,
    disabled: row.status === KEY_DISABLED,
    mark: row.status === MARKED_EXPIRED || row.status === MARKED_EXHAUSTED ? row.status : 0,
    expiresAt: row.expired_time === NEVER_EXPIRES ? null : row.expired_time,
    modelLimits: models.ids,
    addressCount: addresses.matcher.count,
    group,
    groups,
    accountGroups,
    crossGroupRetry: row.cross_group_retry === 1,
    fallbackModels: ownFallbacks ?? fallbackModels,
    limits: limitsOf(row),
    budgets: budgetsOf(row),
    mayUseModel: models.mayUse,
    mayCallFrom: addresses.matcher.has,
  }
  const listWeight = (ownFallbacks?.length ?? 0) * MODEL_KILOBYTES
  return { key, weight: 1 + models.weight + addresses.weight + listWeight }
}

const limitsOf = ({ id, account_id, extra, account_limits }: StoredKey): ApiKey['limits'] =>
  extra === null && account_limits === null
    ? undefined
    : compileLimits(
        { entity: keyEntity(id), limits: readLimits(extra) },
        { entity: accountEntity(account_id), limits: readLimits(account_limits) },
      )

const budgetsOf = ({ id, account_id, extra, account_limits }: StoredKey): ApiKey['budgets'] =>
  extra === null && account_limits === null
    ? undefined
    : compileBudgets(
        { entity: keyEntity(id), budgets: readBudgets(extra) },
        { entity: accountEntity(account_id), budgets: readBudgets(account_limits) },
      )

/** The key's own list, where it has one. */
function fallbacksOf({ extra }: Pick<StoredKey, 'extra'>): readonly string[] | undefined {
  if (extra === null) return undefined
  const { fallback_models }: { readonly fallback_models?: readonly string[] } = JSON.parse(extra)
  return fallback_models
}
