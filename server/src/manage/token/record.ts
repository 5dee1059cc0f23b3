import Type, { type Static } from 'typebox'
import type { Caller } from '../../accounts/caller.ts'
import type { Budgeted } from '../../budgets/budget.ts'
import { budgetsShown } from '../budgets.ts'
import { nowSeconds } from '../now-seconds.ts'
import type { Answer } from '../operation.ts'
import { limitsShown } from '../rate-limits.ts'
import type { Rooms } from '../rooms.ts'
import { readExtra } from './extra.ts'
import { keyFields } from './fields.ts'
import type { KeyRow } from './rows.ts'
import { effectiveStatus } from './status.ts'
import { masked, openValue, readsValues } from './value.ts'

/** A key as the API shows it (contract 2.2). */
export const keyRecord = Type.Object({
  id: Type.Integer(),
  user_id: Type.Integer(),
  key: Type.String({ description: '48 letters and digits, without `sk-`; or masked.' }),
  status: Type.Integer({ description: '1 enabled, 2 disabled, 3 expired, 4 exhausted.' }),
  name: Type.String(),
  created_time: Type.Integer(),
  accessed_time: Type.Integer({ description: 'Last authenticated model request.' }),
  expired_time: Type.Integer({ description: 'Unix seconds; -1 = never.' }),
  remain_quota: Type.Integer(),
  unlimited_quota: Type.Boolean(),
  model_limits_enabled: Type.Boolean(),
  model_limits: Type.String(),
  allow_ips: Type.Union([Type.String(), Type.Null()]),
  used_quota: Type.Integer(),
  group: Type.String(),
  cross_group_retry: Type.Boolean(),
  auto_groups: keyFields.auto_groups,
  fallback_models: keyFields.fallback_models,
  metadata: keyFields.metadata,
  ...limitsShown,
  ...budgetsShown,
})

export type KeyRecord = Omit<Static<typeof keyRecord>, 'budgets'> & Budgeted

/** The record of a row; `key` is the value in clear or its mask. */
export function toRecord(row: KeyRow, key: string, nowSeconds: number): KeyRecord {
  return {
    id: row.id,
    user_id: row.account_id,
    key,
    status: effectiveStatus(row, nowSeconds),
    name: row.name,
    created_time: row.created_time,
    accessed_time: row.accessed_time,
    expired_time: row.expired_time,
    remain_quota: row.remain,
    unlimited_quota: row.unlimited_quota === 1,
    model_limits_enabled: row.model_limits_enabled === 1,
    model_limits: row.model_limits,
    allow_ips: row.allow_ips,
    used_quota: row.used,
    group: row.group_name,
    cross_group_retry: row.cross_group_retry === 1,
    ...readExtra(row.extra),
  }
}

/** Shows rows to a caller who reads: with their values only where setting and scopes allow it. */
export function showRows(
  rooms: Pick<Rooms, 'vault' | 'settings' | 'now'>,
  caller: Caller,
  rows: readonly KeyRow[],
): { readonly records: readonly KeyRecord[]; readonly secret: boolean } {
  const secret = readsValues(rooms, caller)
  const now = nowSeconds(rooms)
  const records = rows.map((row) =>
    toRecord(row, (secret ? openValue(rooms, row) : undefined) ?? masked(row), now),
  )
  return { records, secret }
}

/** An answer whose `data` is one record, as this caller may read it. */
export function showRow(
  rooms: Pick<Rooms, 'vault' | 'settings' | 'now'>,
  caller: Caller,
  row: KeyRow,
): Answer {
  const { records, secret } = showRows(rooms, caller, [row])
  return { data: records[0], secret }
}
