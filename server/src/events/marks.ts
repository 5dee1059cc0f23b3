import { sql } from 'kysely'
import type { Entity } from '../ledger/entity.ts'
import { statementOf } from '../storage/statement-of.ts'
import { mustChange, type Statement, type Store } from '../storage/store.ts'
import type { PreparedEvent } from './events.ts'

/** What an event was told of: once for each. */
export interface Mark {
  readonly kind: 'key.exhausted' | 'key.expiring' | 'account.low' | 'budget.threshold'
  /** A row's id, or an entity. */
  readonly subject: number
  /** What may differ for the same subject: a time, a threshold; 0 where nothing does. */
  readonly value: number
}

const newestEntry = sql`coalesce((select max(id) from entry), 0)`

/** Stops its write where the mark is there already. */
export const markStatement = (
  { db }: Store,
  { kind, subject, value }: Mark,
  at: number,
): Statement =>
  mustChange(
    statementOf(
      db,
      sql`insert into event_mark (kind, subject, value, after_entry, created_at)
        values (${kind}, ${subject}, ${value}, ${newestEntry}, ${Math.floor(at / 1000)}) on conflict do nothing`,
    ),
  )

/** The same, and also where the balance is not (any more) at or below `most`: judged in the write itself. */
export const markBelow = (
  { db }: Store,
  { kind, subject, value }: Mark,
  { entity, most, at }: { readonly entity: Entity; readonly most: number; readonly at: number },
): Statement =>
  mustChange(
    statementOf(
      db,
      sql`insert into event_mark (kind, subject, value, after_entry, created_at)
        select ${kind}, ${sql.lit(subject)}, ${sql.lit(value)}, ${newestEntry}, ${sql.lit(Math.floor(at / 1000))}
        from balance_now where entity = ${entity} and remain <= ${most} on conflict do nothing`,
    ),
  )

/** Writes mark and event in one; tells only what was not told before. */
export async function tellOnce(store: Store, mark: Statement, event: PreparedEvent): Promise<void> {
  const written = await store.write([mark, ...event.statements])
  if (written.done) event.tell()
}
