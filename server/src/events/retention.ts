import { sql } from 'kysely'
import { statementOf } from '../storage/statement-of.ts'
import { mustChange } from '../storage/store.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'
import type { ExpiringParts } from './expiring.ts'
import { isFirstNode } from './first-node.ts'

export type EventRetentionParts = Pick<ExpiringParts, 'store' | 'settings' | 'now' | 'failed'>

const EVERY_MS = 600_000
const DAY_SECONDS = 86_400
/** So few at a time that no settlement waits long for it. */
const EVENTS_A_WRITE = 500

/** Starts the rounds that delete events older than `events.keep_days`, their deliveries, and marks that mean nothing any more. */
export function createEventRetention({
  store,
  settings,
  now,
  failed,
}: EventRetentionParts): Rounds {
  const { db } = store
  async function round(over: () => boolean): Promise<void> {
    if (!(await isFirstNode(store))) return
    const at = Math.floor(now() / 1000)
    const before = at - settings.get('events.keep_days') * DAY_SECONDS
    const old = sql`select id from event where created_at < ${before} order by created_at, id limit ${EVENTS_A_WRITE}`
    for (let more = true; more && !over(); ) {
      const written = await store.write([
        statementOf(db, sql`delete from delivery where event_id in (${old})`),
        mustChange(statementOf(db, sql`delete from event where id in (${old})`)),
      ])
      more = written.done
    }
    await store.write(
      [
        sql`delete from event_mark where kind = 'key.expiring' and value < ${at}`,
        sql`delete from event_mark where kind = 'key.exhausted'
          and subject in (select id from key where deleted_at is not null)`,
        // Its period was swept.
        sql`delete from event_mark where kind = 'budget.threshold'
          and not exists (select 1 from balance where entity = event_mark.subject)`,
      ].map((raw) => statementOf(db, raw)),
    )
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}
