import { sql } from 'kysely'
import { ORDINAL_SQL, ordinalsBefore, SWEPT_BEFORE } from '../ledger/entity.ts'
import { statementOf } from '../storage/statement-of.ts'
import type { Statement, Store } from '../storage/store.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'

export interface SweepParts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 3_600_000
const DAY_MS = 86_400_000
/** Longer than any call runs, and any node is away: nobody settles in a period that ended so long ago. */
const KEEP_DAYS = 35
/** So few at a time that no settlement waits long for it. */
const PERIODS_A_WRITE = 500

/**
 * Starts the rounds that delete periods which ended weeks ago: balance, entries, and what retention closed, so that keys
 * with budgets don't grow for ever. Usage records stay, and name them; the mark in `meta`, which moves with the first
 * write of a round, tells the doctor that their balances may be gone.
 */
export function createSweep({ store, now, failed }: SweepParts): Rounds {
  async function round(over: () => boolean): Promise<void> {
    const before = Math.floor((await safeNow(store, now())) / DAY_MS) - KEEP_DAYS
    for (const [from, until] of ordinalsBefore(before)) {
      for (;;) {
        const entities = await endedIn(store, from, until)
        if (entities.length === 0 || over()) break
        await store.write(sweeping(store, entities, before))
      }
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}

/**
 * A node whose clock is weeks ahead would delete what other nodes charge today: the database must say so, too. A file has no
 * clock but its one process's, by which its periods begin as well.
 */
async function safeNow({ db, dialect }: Store, own: number): Promise<number> {
  if (dialect === 'sqlite') return own
  const { rows } = await sql<{ now: number }>`
    select floor(extract(epoch from now()) * 1000) as now`.execute(db)
  return Math.min(own, ...rows.map((row) => row.now))
}

/** Reads by the index of periods: `entity % 4 = 2` is what it holds. */
async function endedIn({ db }: Store, from: number, until: number): Promise<readonly number[]> {
  const ordinal = sql.raw(ORDINAL_SQL)
  const { rows } = await sql<{ entity: number }>`
    select entity from balance
    where entity % 4 = 2 and ${ordinal} >= ${from} and ${ordinal} < ${until} limit ${PERIODS_A_WRITE}`.execute(
    db,
  )
  return rows.map(({ entity }) => entity)
}

function sweeping({ db }: Store, entities: readonly number[], before: number): Statement[] {
  const these = sql.join(entities)
  return [
    sql`insert into meta (name, value) values (${SWEPT_BEFORE}, ${String(before)})
      on conflict (name) do update set value = excluded.value
      where cast(meta.value as bigint) < cast(excluded.value as bigint)`,
    sql`delete from closed where entity in (${these})`,
    sql`delete from entry where entity in (${these})`,
    sql`delete from balance where entity in (${these})`,
  ].map((raw) => statementOf(db, raw))
}
