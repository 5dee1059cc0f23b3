import { sql } from 'kysely'
import Type, { type Static } from 'typebox'
import { MARKED_EXHAUSTED, NEVER_EXPIRES } from '../../keys/stored-key.ts'
import { MOST_UNITS } from '../../ledger/units.ts'
import type { selectKeys } from './rows.ts'
import { effectiveStatusSql, KEY_ENABLED } from './status.ts'

/** How a search narrows and orders what it found. */
export const filterQuery = {
  status: Type.Optional(
    Type.Integer({
      minimum: KEY_ENABLED,
      maximum: MARKED_EXHAUSTED,
      description: 'Keys that show this status now: 1 enabled, 2 disabled, 3 expired, 4 exhausted.',
    }),
  ),
  group: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'Keys of this group; also those without one, where it is the own group of the account.',
    }),
  ),
  sort: Type.Optional(
    Type.Union(
      [
        Type.Literal('created'),
        Type.Literal('name'),
        Type.Literal('remaining'),
        Type.Literal('used'),
        Type.Literal('last_used'),
        Type.Literal('expires'),
      ],
      {
        description:
          '`created` unless told. Unlimited is more than any quota, never later than any expiry.',
      },
    ),
  ),
  order: Type.Optional(
    Type.Union([Type.Literal('asc'), Type.Literal('desc')], { description: '`desc` unless told.' }),
  ),
}

const filter = Type.Object(filterQuery)
/** What was asked for of them. */
export type KeyFilter = Static<typeof filter>

/** Whether the list is as it is anyway: all keys, newest first. */
export const isPlain = ({ status, group, sort = 'created', order = 'desc' }: KeyFilter): boolean =>
  status === undefined && !group && sort === 'created' && order === 'desc'

type Keys = ReturnType<typeof selectKeys>

/** Only those keys that the filter lets through. `ownGroup` is that of the account. */
export function narrow(keys: Keys, wanted: KeyFilter, { ownGroup, nowSeconds }: Viewpoint): Keys {
  const { status, group } = wanted
  const named =
    status === undefined ? keys : keys.where(effectiveStatusSql(nowSeconds), '=', status)
  if (!group) return named
  return named.where('key.group_name', 'in', group === ownGroup ? [group, ''] : [group])
}

export interface Viewpoint {
  readonly ownGroup: string
  readonly nowSeconds: number
}

const VALUES = {
  created: sql`key.id`,
  name: sql`lower(key.name)`,
  remaining: sql`case when key.unlimited_quota = 1 then ${sql.lit(MOST_UNITS + 1)} else coalesce(balance.remain, 0) end`,
  used: sql`coalesce(balance.used, 0)`,
  last_used: sql`key.accessed_time`,
  expires: sql`case when key.expired_time = ${sql.lit(NEVER_EXPIRES)} then ${sql.lit(Number.MAX_SAFE_INTEGER)} else key.expired_time end`,
} as const

/** In the order that was asked for; among equals the newest first, so that no page repeats a key of another. */
export const ordered = (keys: Keys, { sort = 'created', order = 'desc' }: KeyFilter): Keys =>
  keys.orderBy(VALUES[sort], order).orderBy('key.id', 'desc')
