import { sql } from 'kysely'
import type { Page } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { type KeyRow, selectKeys } from './rows.ts'

/** Ids that a row of `key_block` counts. */
const IDS_A_BLOCK = 1024

export interface KeyPage {
  /** Of all pages. */
  readonly total: number
  readonly rows: readonly KeyRow[]
}

/** A page of the account's living keys, newest first. The last page costs no more than the first. */
export async function pageOfKeys(rooms: Rooms, accountId: number, page: Page): Promise<KeyPage> {
  const { total, block, before } = await placeOf(rooms, accountId, page.skip)
  if (block === null) return { total, rows: [] }
  // Balances are looked up for the rows that are shown, not for those that are skipped.
  const ids = rooms.store.db
    .selectFrom('key')
    .select('id')
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .where('id', '<', (block + 1) * IDS_A_BLOCK)
    .orderBy('id', 'desc')
    .limit(page.pageSize)
    .offset(page.skip - before)
  const rows = await selectKeys(rooms, accountId)
    .where('key.id', 'in', ids)
    .orderBy('key.id', 'desc')
    .execute()
  return { total, rows }
}

/** How many living keys the account has. */
export async function countKeys(rooms: Pick<Rooms, 'store'>, accountId: number): Promise<number> {
  const { total } = await livingKeys(rooms, accountId).executeTakeFirstOrThrow()
  return Number(total)
}

/** The same as a query, for conditions. */
export const livingKeys = ({ store }: Pick<Rooms, 'store'>, accountId: number) =>
  store.db
    .selectFrom('key_block')
    .select(sql<number>`coalesce(sum(live), 0)`.as('total'))
    .where('account_id', '=', accountId)

interface Place {
  readonly total: number
  /** The block of ids that holds the first key of the page; null when the page lies behind the last key. */
  readonly block: number | null
  /** Keys with ids beyond the block. */
  readonly before: number
}

async function placeOf({ store }: Rooms, accountId: number, skip: number): Promise<Place> {
  const { rows } = await sql<Record<'total' | 'block' | 'before', number | null>>`
    with counted as (
      select block, live, sum(live) over (order by block desc) as upto from key_block where account_id = ${accountId}
    )
    select (select max(upto) from counted) as total, place.block, place.before from (select 1 as one) as always
      left join (
        select block, upto - live as before from counted where upto > ${skip} order by block desc limit 1
      ) as place on one = 1`.execute(store.db)
  const [found] = rows
  return {
    total: Number(found?.total ?? 0),
    block: found?.block ?? null,
    before: Number(found?.before ?? 0),
  }
}
