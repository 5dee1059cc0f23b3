import { type RawBuilder, sql } from 'kysely'
import type { Settings } from '../settings/settings.ts'
import { chargedBudgets } from '../storage/charged-budgets.ts'
import { statementOf } from '../storage/statement-of.ts'
import type { Statement, Store } from '../storage/store.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { summedUpTo } from './summable.ts'

export interface RetentionParts {
  readonly store: Store
  readonly settings: Pick<Settings, 'get'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 600_000
/** So few at a time that no settlement waits long for it. */
const RECORDS_A_WRITE = 500
const DAY_MS = 86_400_000

/**
 * Starts the rounds that delete usage records older than the setting `usage.keep_days`. What a record took from its payers
 * is added to their rows in `closed` by the same write that deletes it: a balance can be recomputed at every moment. Only
 * records that the hours have summed go. Months that are over go as a whole, where the database keeps them apart; single
 * records follow when none of these is left, so that nobody deletes row by row what is about to be dropped.
 */
export function createRetention({ store, settings, now, failed }: RetentionParts): Rounds {
  async function round(over: () => boolean): Promise<void> {
    const days = settings.get('usage.keep_days')
    if (days === 0) return
    const before = now() - days * DAY_MS
    const closing = (table: string) => closingMonth(store, table)
    if ((await store.months?.drop({ before, closing, over })) === false) return
    const parts = { store, before, over }
    const records = await closeAll(parts, { next: nextUntil, closing: closingUntil })
    const any = await closeAll(parts, { next: nextCorrected, closing: closingCorrections })
    if (records || any) await store.tidy?.()
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}

interface Closing {
  /** The time of the last of the next batch; undefined when none is old enough. */
  readonly next: (store: Store, before: number) => Promise<number | undefined>
  readonly closing: (store: Store, until: number) => Statement[]
}

/** Closes batch after batch. Whether there was any. */
async function closeAll(
  {
    store,
    before,
    over,
  }: Pick<RetentionParts, 'store'> & {
    readonly before: number
    readonly over: () => boolean
  },
  { next, closing }: Closing,
): Promise<boolean> {
  for (let any = false; ; any = true) {
    const until = await next(store, before)
    if (until === undefined || over()) return any
    const { done } = await store.write([...whenNoMonthIsDropped(store), ...closing(store, until)])
    // Another node drops a month: what is due is still there for the next round.
    if (!done) return true
  }
}

const whenNoMonthIsDropped = ({ months }: Store): readonly Statement[] =>
  months === undefined ? [] : [months.noneIsDropped]

/**
 * `+` keeps the planner to the index by time. The newest record stays, however old: SQLite gives the next one the id after
 * it, and that must lie behind the mark.
 */
const summed = sql`+id <= ${summedUpTo}
  and +id < (select max(id) from usage)`

async function nextUntil({ db }: Store, before: number): Promise<number | undefined> {
  const { rows } = await sql<{ at: number }>`
    select created_at_ms as at from usage where created_at_ms < ${before} and ${summed}
    order by created_at_ms limit ${RECORDS_A_WRITE}`.execute(db)
  return rows.at(-1)?.at
}

/** Several nodes may do this at once: writes come one after the other, and what one deleted the next does not find. */
function closingUntil(store: Store, until: number): Statement[] {
  const expired = sql`created_at_ms <= ${until} and ${summed}`
  const fold = folding(store, sql`usage where ${expired}`)
  const written = [fold, sql`delete from usage where ${expired}`]
  return written.map((raw) => statementOf(store.db, raw))
}

/** Corrections are in the sums at once. */
async function nextCorrected({ db }: Store, before: number): Promise<number | undefined> {
  const { rows } = await sql<{ at: number }>`
    select called_at_ms as at from correction where called_at_ms < ${before}
    order by called_at_ms limit ${RECORDS_A_WRITE}`.execute(db)
  return rows.at(-1)?.at
}

/** They go like the records of their calls, into what these used. */
function closingCorrections({ db, dialect }: Store, until: number): Statement[] {
  const expired = sql`correction where called_at_ms <= ${until}`
  const paid = sql.raw(chargedBudgets(dialect, 'expired'))
  const fold = sql`
    insert into closed (entity, taken, used, requests, corrected)
    with expired as (select key_id, account_id, quota, budgets from ${expired})
    select entity, 0, 0, 0, sum(corrected) from (
      select key_id * 4 as entity, quota as corrected from expired
      union all
      select account_id * 4 + 1, quota from expired
      union all
      select entity, quota from ${paid} where exists (select 1 from balance where balance.entity = charged.entity)
    ) as correction group by entity
    on conflict (entity) do update set corrected = closed.corrected + excluded.corrected`
  return [fold, sql`delete from ${expired}`].map((raw) => statementOf(db, raw))
}

/** Everything in a table, once all of it is summed. */
function closingMonth(store: Store, table: string): Statement[] {
  const month = sql.table(table)
  const isSummed = sql`select 1 where not exists (select 1 from ${month} where id > ${summedUpTo})`
  return [
    { ...statementOf(store.db, isSummed), must: 'row' },
    statementOf(store.db, folding(store, month)),
  ]
}

/** Adds records to the rows of their payers. A budget period whose balance was swept away has no books any more. */
function folding({ dialect }: Store, records: RawBuilder<unknown>): RawBuilder<unknown> {
  const paid = sql.raw(chargedBudgets(dialect, 'expired'))
  return sql`
    insert into closed (entity, taken, used, requests)
    with expired as (select key_id, account_id, quota, key_charged, account_charged, budgets from ${records})
    select entity, sum(taken), sum(used), count(*) from (
      select key_id * 4 as entity, quota * key_charged as taken, quota as used from expired
      union all
      select account_id * 4 + 1, quota * account_charged, quota from expired
      union all
      select entity, quota, quota from ${paid} where exists (select 1 from balance where balance.entity = charged.entity)
    ) as charge group by entity
    on conflict (entity) do update set taken = closed.taken + excluded.taken,
      used = closed.used + excluded.used, requests = closed.requests + excluded.requests`
}
