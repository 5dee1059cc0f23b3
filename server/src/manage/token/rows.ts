import { sql } from 'kysely'
import { Refused } from '../../errors.ts'
import { keyEntity } from '../../ledger/entity.ts'
import type { KeyTable } from '../../storage/tables.ts'
import type { Rooms } from '../rooms.ts'

/** A live key's row with its balance. */
export interface KeyRow extends KeyTable {
  readonly remain: number
  readonly used: number
  readonly requests: number
}

/** The live keys of an account, with their balances. */
export const selectKeys = (rooms: Pick<Rooms, 'store'>, accountId: number) =>
  withBalances(rooms, accountId).selectAll('key')

/** What a list of balances shows of each; long lists need no more than that. */
export const selectBalances = (rooms: Pick<Rooms, 'store'>, accountId: number) =>
  withBalances(rooms, accountId).select(['key.name', 'key.unlimited_quota'])

export type KeyBalance = Pick<KeyRow, 'name' | 'unlimited_quota' | 'remain' | 'used' | 'requests'>

function withBalances({ store }: Pick<Rooms, 'store'>, accountId: number) {
  return store.db
    .selectFrom('key')
    .leftJoin('balance_now as balance', (join) =>
      join.on((eb) => eb('balance.entity', '=', eb('key.id', '*', keyEntity(1)))),
    )
    .select([
      sql<number>`coalesce(balance.remain, 0)`.as('remain'),
      sql<number>`coalesce(balance.used, 0)`.as('used'),
      sql<number>`coalesce(balance.requests, 0)`.as('requests'),
    ])
    .where('key.account_id', '=', accountId)
    .where('key.deleted_at', 'is', null)
}

/** One live key of an account, with its balance: as the last statement of a write, as that write leaves it. */
export const selectKey = (rooms: Pick<Rooms, 'store'>, accountId: number, id: number) =>
  selectKeys(rooms, accountId).where('key.id', '=', id)

export function findRow(
  rooms: Pick<Rooms, 'store'>,
  accountId: number,
  id: number,
): Promise<KeyRow | undefined> {
  return selectKey(rooms, accountId, id).executeTakeFirst()
}

/** The row of the account's own key. @throws Refused `key_not_found`, also for another account's. */
export async function ownRow(
  rooms: Pick<Rooms, 'store'>,
  accountId: number,
  id: number,
): Promise<KeyRow> {
  const row = await findRow(rooms, accountId, id)
  if (row === undefined) throw new Refused('key_not_found')
  return row
}

/** Narrows an update to the account's own, living key. */
export function updateKey({ store }: Pick<Rooms, 'store'>, accountId: number, id: number) {
  return store.db
    .updateTable('key')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
}

/** For audit and books. */
export const subjectOf = (id: number): string => `key ${id}`
