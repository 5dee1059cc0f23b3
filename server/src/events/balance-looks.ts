import { sql } from 'kysely'
import { accountEntity, keyEntity } from '../ledger/entity.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'
import type { Events } from './events.ts'
import { type Mark, markBelow, tellOnce } from './marks.ts'

export interface LookParts {
  readonly store: Store
  readonly events: Pick<Events, 'prepare'>
  readonly settings: Pick<Settings, 'get'>
  readonly now: () => number
}

/** Ids in (from, to]. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What is new in the books since the last look: usage records and entries, each by their ids. */
export interface News {
  readonly usage: Span
  readonly entries: Span
}

/** Judges what the news have touched, and tells what was not told yet. */
export type Look = (news: News) => Promise<void>

/** Keys whose last unit a call has spent. */
export const lookAtKeys = (parts: LookParts): Look => {
  const { store, events, now } = parts
  return async ({ usage }) => {
    const { rows } = await sql<{ id: number; name: string; account_id: number; username: string }>`
      select key.id, key.name, key.account_id, account.username
      from (
        select distinct key_id from usage
        where id > ${usage.from} and id <= ${usage.to} and quota > 0 and key_charged = 1
      ) as spent
        join key on key.id = spent.key_id
        join account on account.id = key.account_id
        join balance_now on balance_now.entity = key.id * 4
      where key.deleted_at is null and key.unlimited_quota = 0 and balance_now.remain = 0
        and not exists (select 1 from event_mark where kind = 'key.exhausted' and subject = key.id)`.execute(
      store.db,
    )
    for (const { id, name, account_id, username } of rows) {
      const mark: Mark = { kind: 'key.exhausted', subject: id, value: 0 }
      const facts = { key_id: id, key_name: name, account_id, username }
      await tellOnce(
        store,
        markBelow(store, mark, { entity: keyEntity(id), most: 0, at: now() }),
        events.prepare('key.exhausted', facts),
      )
    }
  }
}

/** Accounts that calls or management have brought below `events.account_low`. */
export const lookAtAccounts = (parts: LookParts): Look => {
  const { store, events, settings, now } = parts
  return async ({ usage, entries }) => {
    const limit = settings.get('events.account_low')
    if (limit === 0) return
    const { rows } = await sql<{ id: number; username: string; remain: number }>`
      select account.id, account.username, balance_now.remain
      from (
        select account_id from usage
        where id > ${usage.from} and id <= ${usage.to} and quota > 0 and account_charged = 1
        union
        select entity / 4 from entry
        where id > ${entries.from} and id <= ${entries.to} and entity % 4 = 1 and delta < 0
      ) as spent
        join account on account.id = spent.account_id
        join balance_now on balance_now.entity = account.id * 4 + 1
      where account.deleted_at is null and account.unlimited_quota = 0 and balance_now.remain < ${limit}
        and not exists (select 1 from event_mark where kind = 'account.low' and subject = account.id)`.execute(
      store.db,
    )
    for (const { id, username, remain } of rows) {
      const mark: Mark = { kind: 'account.low', subject: id, value: 0 }
      await tellOnce(
        store,
        markBelow(store, mark, { entity: accountEntity(id), most: limit - 1, at: now() }),
        events.prepare('account.low', { account_id: id, username, remain: Number(remain), limit }),
      )
    }
  }
}
