import { sql } from 'kysely'
import { accountEntity } from '../ledger/entity.ts'
import { statementOf } from '../storage/statement-of.ts'
import type { Store } from '../storage/store.ts'
import type { Look, LookParts } from './balance-looks.ts'

interface Lifted {
  readonly kind: string
  readonly subject: number
  readonly entry: number
}

/**
 * Top-ups undo marks, so that what they mended can happen anew. Only a top-up that is younger than the mark does, however
 * often the same entries are looked at.
 */
export const rearm = ({ store, settings }: LookParts): Look => {
  return async ({ entries }) => {
    if (entries.from === entries.to) return
    const { rows } = await sql<Lifted>`
      select event_mark.kind, event_mark.subject, lifted.entry
      from (
        select entity, max(id) as entry from entry
        where id > ${entries.from} and id <= ${entries.to} and delta > 0 and entity % 4 < 2 group by entity
      ) as lifted
        join event_mark on event_mark.subject = lifted.entity / 4
          and event_mark.kind = case lifted.entity % 4 when 0 then 'key.exhausted' else 'account.low' end
      where event_mark.after_entry < lifted.entry`.execute(store.db)
    const limit = settings.get('events.account_low')
    if (rows.length > 0) await store.write(rows.map((row) => undoing(store, row, limit)))
  }
}

/** A key with a unit is not exhausted; an account must have come up to the limit again. */
function undoing({ db }: Store, { kind, subject, entry }: Lifted, limit: number) {
  const isEnough =
    kind === 'key.exhausted'
      ? sql`1 = 1`
      : sql`exists (select 1 from balance_now where entity = ${accountEntity(subject)} and remain >= ${limit})`
  return statementOf(
    db,
    sql`delete from event_mark
      where kind = ${kind} and subject = ${subject} and after_entry < ${entry} and ${isEnough}`,
  )
}
