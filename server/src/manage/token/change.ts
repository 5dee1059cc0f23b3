import type { KeyTable } from '../../storage/tables.ts'
import { mergeExtra, readExtra, writeExtra } from './extra.ts'
import type { SentFields } from './fields.ts'
import type { KeyRow } from './rows.ts'

/** The columns that an update makes different. */
export interface KeyChange {
  readonly columns: Partial<KeyTable>
}

const flag = (value: boolean | undefined): number | undefined =>
  value === undefined ? undefined : Number(value)

/** What was sent, as columns; those that keep their value are left out, so that two updates at once don't undo each other. */
export function toChange(before: KeyRow, sent: SentFields): KeyChange {
  const wanted: Partial<Record<keyof KeyTable, string | number | null | undefined>> = {
    name: sent.name,
    expired_time: sent.expired_time,
    unlimited_quota: flag(sent.unlimited_quota),
    model_limits_enabled: flag(sent.model_limits_enabled),
    model_limits: sent.model_limits,
    allow_ips: sent.allow_ips,
    group_name: sent.group,
    cross_group_retry: flag(sent.cross_group_retry),
    extra: writeExtra(mergeExtra(readExtra(before.extra), sent)),
  }
  const different = Object.entries(wanted).filter(
    ([name, value]) => value !== undefined && value !== Reflect.get(before, name),
  )
  return { columns: Object.fromEntries(different) }
}
