import type { CompiledQuery, Expression, ExpressionBuilder, Kysely, QueryCreator } from 'kysely'
import { Refused } from '../errors.ts'
import { accountEntity, keyEntity } from '../ledger/entity.ts'
import { StorageUnavailable } from '../storage/failures.ts'
import type { Tables } from '../storage/tables.ts'
import type { StoredKey } from './stored-key.ts'

/** A key's row as the cache wants it: with its account, both balances, and until when the digest leads to it. */
export interface FoundKey extends StoredKey {
  readonly key_remain: number | null
  readonly account_remain: number | null
  /** The last second a former value is good for; null for the present value. */
  readonly former_until: number | null
}

/**
 * The live key with one of these digests, present or former and still in its grace, in one query. Several digests are
 * asked only after the root secret was rotated: the value's under each pepper. Rejects with `Refused` while the database
 * is away.
 */
export type FindKey = (
  digests: readonly string[],
  nowSeconds: number,
) => Promise<FoundKey | undefined>

/** In the place of the time while a query is compiled. */
const NOW = -1

/** Compiles the query once, not per key: that alone would take 60 us, on the relay's thread. */
export function createFindKey(db: Kysely<Tables>): FindKey {
  const compiled = new Map<number, CompiledQuery<FoundKey>>()
  const nameOf = (_digest: unknown, at: number) => `digest ${at}`
  return async (digests, nowSeconds) => {
    const names = digests.map(nameOf)
    const query = compiled.get(digests.length) ?? selectKey(db, names, NOW).compile()
    compiled.set(digests.length, query)
    const parameters = query.parameters.map((parameter) => {
      const at = names.indexOf(String(parameter))
      if (at >= 0) return digests[at]
      return parameter === NOW ? nowSeconds : parameter
    })
    try {
      const { rows } = await db.executeQuery<FoundKey>({ ...query, parameters })
      return rows[0]
    } catch (failure) {
      throw failure instanceof StorageUnavailable ? new Refused('ledger_unavailable') : failure
    }
  }
}

/** The live key with this id, whatever its value is by now. */
export function findKeyById(db: Kysely<Tables>, id: number): Promise<FoundKey | undefined> {
  const asking = db.with('asked', (asked) =>
    asked
      .selectFrom('key')
      .select(['id', (eb) => eb.lit(null).$castTo<number | null>().as('former_until')])
      .where('id', '=', id),
  )
  return selectAsked(asking).executeTakeFirst()
}

function selectKey(db: Kysely<Tables>, digests: readonly string[], nowSeconds: number) {
  return selectAsked(
    db.with('asked', (asked) =>
      asked
        .selectFrom('key')
        .select(['id', (eb) => eb.lit(null).$castTo<number | null>().as('former_until')])
        .where('digest', 'in', digests)
        .unionAll(
          asked
            .selectFrom('key_former')
            .select(['key_id as id', 'valid_until as former_until'])
            .where('digest', 'in', digests)
            .where('valid_until', '>', nowSeconds),
        ),
    ),
  )
}

interface AskedKeys {
  asked: { id: number; former_until: number | null }
}

/**
 * Adds to the keys that are asked for what the cache wants to know of them. Balances are questions of their own: as joins
 * they have PostgreSQL weigh the orders of eight tables, which takes longer than the answer, for each key that comes into
 * memory.
 */
function selectAsked(asking: QueryCreator<Tables & AskedKeys>) {
  return asking
    .selectFrom('asked')
    .innerJoin('key', 'key.id', 'asked.id')
    .innerJoin('account', 'account.id', 'key.account_id')
    .where('key.deleted_at', 'is', null)
    .where('account.deleted_at', 'is', null)
    .select((eb) => [
      'key.id',
      'key.account_id',
      'key.name',
      'key.status',
      'key.expired_time',
      'key.unlimited_quota',
      'key.model_limits_enabled',
      'key.model_limits',
      'key.allow_ips',
      'key.group_name',
      'key.cross_group_retry',
      'key.extra',
      'account.username',
      'account.status as account_status',
      'account.group_name as account_group',
      'account.groups as account_groups',
      'account.unlimited_quota as account_unlimited',
      'account.limits as account_limits',
      remainOf(eb, eb('key.id', '*', PER_ID)).as('key_remain'),
      remainOf(eb, eb(eb('account.id', '*', PER_ID), '+', ACCOUNT)).as('account_remain'),
      'asked.former_until',
    ])
}

type Found = ExpressionBuilder<Tables & AskedKeys, 'asked' | 'key' | 'account'>

const remainOf = (eb: Found, entity: Expression<number>) =>
  eb.selectFrom('balance_now').select('remain').where('balance_now.entity', '=', entity)

/** `ledger/entity.ts` in the database's own arithmetic, so that one query finds the balances too. */
const PER_ID = keyEntity(1)
const ACCOUNT = accountEntity(0)
