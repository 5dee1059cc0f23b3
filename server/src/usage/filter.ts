import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import type { UsageTable } from '../storage/usage-tables.ts'

/** Which usage records are meant; what is absent does not matter. */
export interface UsageFilter {
  /** One account; several when a name was used again after its account was deleted. */
  readonly accounts?: readonly number[]
  readonly keyIds?: readonly number[]
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
  ['keyName', 'key_name'],
  ['model', 'model'],
  ['group', 'group_name'],
  ['requestId', 'request_id'],
  ['status', 'status'],
  ['channelId', 'channel_id'],
] as const satisfies readonly (readonly [keyof UsageFilter, keyof UsageTable])[]

/** The usual status of an answer. */
export const OK = 200
/** As a text: an index that leaves out what most records have is only taken where the question says so, too. */
const NOT_OK = sql<boolean>`status <> 200`

/**
 * The condition that a usage record must meet. The indexes on account, key, request and time begin where it does. `+` keeps
 * the planner from an index that finds more than another: a request is one record, failed calls are few and have an index
 * that holds all that is compared here, and a key has one account.
 */
export const meets =
  (filter: UsageFilter, which: 'all' | 'failed' = isFailure(filter) ? 'failed' : 'all') =>
  (row: ExpressionBuilder<Tables, 'usage'>) => {
    const conditions: Expression<SqlBool>[] = EXACT.flatMap(([name, column]) => {
      const wanted = filter[name]
      return wanted === undefined ? [] : [row(column, '=', wanted)]
    })
    const failed = which === 'failed'
    if (failed) conditions.push(NOT_OK)
    const found = failed || filter.requestId !== undefined
    const key = found ? sql<number>`+key_id` : row.ref('key_id')
    const account = found || filter.keyIds ? sql<number>`+account_id` : row.ref('account_id')
    const time =
      filter.requestId === undefined ? row.ref('created_at_ms') : sql<number>`+created_at_ms`
    if (filter.keyIds) conditions.push(row(key, 'in', someOf(filter.keyIds)))
    if (filter.accounts) conditions.push(row(account, 'in', someOf(filter.accounts)))
    if (filter.from !== undefined) conditions.push(row(time, '>=', filter.from))
    if (filter.until !== undefined) conditions.push(row(time, '<', filter.until))
    return row.and(conditions)
  }

/** Records of failed calls have an index of their own. */
export const isFailure = ({ status, requestId }: UsageFilter): boolean =>
  status !== undefined && status !== OK && requestId === undefined

/** No account and no key has this id: an empty list is not SQL everywhere. */
const NOBODY = -1
export const someOf = (ids: readonly number[]): readonly number[] =>
  ids.length === 0 ? [NOBODY] : ids
