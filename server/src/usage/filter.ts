import { type ExpressionBuilder, sql } from 'kysely'
import type { Tables, UsageTable } from '../storage/tables.ts'

/** Which usage records are meant; what is absent does not matter. */
export interface UsageFilter {
  /** One account; several when a name was used again after its account was deleted. */
  readonly accounts?: readonly number[]
  readonly keyId?: number
  /** Milliseconds since 1970; `until` is not included. */
  readonly from?: number
  readonly until?: number
  readonly keyName?: string
  readonly model?: string
  readonly group?: string
  readonly requestId?: string
  readonly status?: number
  readonly channelId?: number
}

/** Columns that a filter compares as they are. */
const EXACT = [
  ['keyId', 'key_id'],
  ['keyName', 'key_name'],
  ['model', 'model'],
  ['group', 'group_name'],
  ['requestId', 'request_id'],
  ['status', 'status'],
  ['channelId', 'channel_id'],
] as const satisfies readonly (readonly [keyof UsageFilter, keyof UsageTable])[]

/** The condition that a usage record must meet. The indexes on account, key, request and time begin where it does. */
export const meets = (filter: UsageFilter) => (row: ExpressionBuilder<Tables, 'usage'>) => {
  const conditions = EXACT.flatMap(([name, column]) => {
    const wanted = filter[name]
    return wanted === undefined ? [] : [row(column, '=', wanted)]
  })
  // A key has one account: its index finds fewer records, so the account must not be preferred.
  const account = filter.keyId === undefined ? row.ref('account_id') : sql<number>`+account_id`
  if (filter.accounts) conditions.push(row(account, 'in', someOf(filter.accounts)))
  if (filter.from !== undefined) conditions.push(row('created_at_ms', '>=', filter.from))
  if (filter.until !== undefined) conditions.push(row('created_at_ms', '<', filter.until))
  return row.and(conditions)
}

/** No account has this id: an empty list is not SQL everywhere. */
const NOBODY = -1
export const someOf = (accounts: readonly number[]): readonly number[] =>
  accounts.length === 0 ? [NOBODY] : accounts
