import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { statementOf } from '../storage/statement-of.ts'
import { mustChange, type Statement, type Store } from '../storage/store.ts'
import { DAY_SECONDS, HOUR_SECONDS, type Unit } from './levels.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { FIGURES, NARROWED_UP_TO, narrowedUpTo } from './summable.ts'

export interface NarrowSumsParts {
  readonly store: Store
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
  /** Sums that a write adds up. */
  readonly sumsAWrite?: number
}

const EVERY_MS = 5_000
/** Added up in some milliseconds: no settlement waits longer for it. */
const SUMS_A_WRITE = 1_000
/** Beyond the id of every account. */
const ALL = Number.MAX_SAFE_INTEGER

/**
 * Fills the sums by model alone and by group alone, which an installation that is older than they are has of new records only:
 * one account after the other out of `account_hour` and `account_day`. Charts use them from where the mark in `meta` says so.
 * What a write fills is set and not added to, and new records are added to both kinds by one write: a part may be filled
 * twice, by a process that begins again or by another node, and is the same.
 */
export function createNarrowSums(parts: NarrowSumsParts): Rounds {
  const { store, failed, sumsAWrite = SUMS_A_WRITE } = parts
  let isDone = false
  async function round(over: () => boolean) {
    while (!isDone && !over()) {
      const { mark, next } = await nextAccount(store)
      isDone = mark === ALL
      if (isDone) return
      if (next !== undefined)
        for (const unit of UNITS) await fill(store, { account: next, unit, sumsAWrite, over })
      if (!over()) await store.write([marking(store, mark, next ?? ALL)])
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}

const UNITS = ['hour', 'day'] as const
const SECONDS = { hour: HOUR_SECONDS, day: DAY_SECONDS } as const

async function nextAccount({ db }: Store) {
  const { rows } = await sql<{ mark: number; next: number | null }>`
    select mark, (select min(account_id) from account_hour where account_id > mark) as next
    from (select ${narrowedUpTo} as mark) as now`.execute(db)
  const [{ mark, next } = { mark: ALL, next: null }] = rows
  return { mark: Number(mark), next: next === null ? undefined : Number(next) }
}

/** Moves the mark, if nobody else has. */
function marking({ db }: Store, from: number, to: number): Statement {
  return mustChange(
    statementOf(
      db,
      sql`insert into meta (name, value) values (${NARROWED_UP_TO}, ${String(to)})
        on conflict (name) do update set value = excluded.value where meta.value = ${String(from)}`,
    ),
  )
}

interface Filling {
  readonly account: number
  readonly unit: Unit
  readonly sumsAWrite: number
  readonly over: () => boolean
}

/** Fills one account, as long in writes as between them: calls go on meanwhile. */
async function fill(store: Store, { account, unit, sumsAWrite, over }: Filling): Promise<void> {
  const time = sql.ref(unit)
  const wide = sql`${sql.ref(`account_${unit}`)} where account_id = ${account}`
  for (let from = 0; !over(); ) {
    const { rows } = await sql<{ at: number }>`
      select ${time} as at from ${wide} and ${time} >= ${from} order by ${time}
      limit 1 offset ${sumsAWrite}`.execute(store.db)
    const last = rows[0] === undefined ? undefined : Number(rows[0].at)
    // A step that has more sums than a write takes is filled at once.
    const until = last === undefined ? ALL : Math.max(last, from + SECONDS[unit])
    const part = sql`${wide} and ${time} >= ${from} and ${time} < ${until}`
    const startedAt = performance.now()
    await store.write(['model', 'group_name'].map((of) => filling(store, { unit, of, part })))
    await pause(performance.now() - startedAt)
    if (until === ALL) return
    from = until
  }
}

interface Filled {
  readonly unit: Unit
  readonly of: string
  readonly part: ReturnType<typeof sql>
}

function filling({ db }: Store, { unit, of, part }: Filled): Statement {
  const table = `${of === 'model' ? of : 'group'}_${unit}`
  const apart = sql.join(['account_id', unit, of].map((name) => sql.ref(name)))
  const figures = sql.join(FIGURES.map((name) => sql.ref(name)))
  const sums = sql.join(FIGURES.map((name) => sql`sum(${sql.ref(name)})`))
  const set = sql.join(
    FIGURES.map((name) => sql`${sql.ref(name)} = ${sql.ref(`excluded.${name}`)}`),
  )
  return statementOf(
    db,
    sql`insert into ${sql.ref(table)} (${apart}, ${figures})
      select ${apart}, ${sums} from ${part} group by ${apart}
      on conflict (${apart}) do update set ${set}`,
  )
}
