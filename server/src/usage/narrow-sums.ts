import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { statementOf } from '../storage/statement-of.ts'
import type { Statement, Store } from '../storage/store.ts'
import { DAY_SECONDS, HOUR_SECONDS, type Unit } from './levels.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { FIGURES, isNarrowed, NARROWED } from './summable.ts'

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
/** After the end of all time. */
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Fills everybody's sums by model alone and by group alone out of `account_hour` and `account_day`: an installation that is
 * older than they are has them of new records only. They are used once a row of `meta` says that they are filled. What a
 * write fills is set and not added to, and new records are added to all sums by one write: a part may be filled twice, by a
 * process that begins again or by another node, and is the same.
 */
export function createNarrowSums(parts: NarrowSumsParts): Rounds {
  const { store, failed, sumsAWrite = SUMS_A_WRITE } = parts
  let isDone = false
  async function round(over: () => boolean) {
    isDone ||= await isFilled(store)
    if (isDone) return
    for (const unit of UNITS) await fill(store, { unit, sumsAWrite, over })
    if (!over()) await store.write([filled(store)])
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}

const UNITS = ['hour', 'day'] as const
const SECONDS = { hour: HOUR_SECONDS, day: DAY_SECONDS } as const

async function isFilled({ db }: Store): Promise<boolean> {
  const { rows } = await sql<{ filled: number }>`select ${isNarrowed} as filled`.execute(db)
  return Number(rows[0]?.filled) === 1
}

const filled = ({ db }: Store): Statement =>
  statementOf(
    db,
    sql`insert into meta (name, value) values (${NARROWED}, '1') on conflict (name) do nothing`,
  )

interface Filling {
  readonly unit: Unit
  readonly sumsAWrite: number
  readonly over: () => boolean
}

/** As long in writes as between them: calls go on meanwhile. */
async function fill(store: Store, { unit, sumsAWrite, over }: Filling): Promise<void> {
  const time = sql.ref(unit)
  const wide = sql`${sql.ref(`account_${unit}`)} where account_id = 0`
  for (let from = 0; !over(); ) {
    const { rows } = await sql<{ at: number }>`
      select ${time} as at from ${wide} and ${time} >= ${from} order by ${time}
      limit 1 offset ${sumsAWrite}`.execute(store.db)
    // A step that has more sums than a write takes is filled at once.
    const until = rows[0] === undefined ? NEVER : Math.max(Number(rows[0].at), from + SECONDS[unit])
    const part = sql`${wide} and ${time} >= ${from} and ${time} < ${until}`
    const startedAt = performance.now()
    await store.write(['model', 'group_name'].map((of) => filling(store, { unit, of, part })))
    await pause(performance.now() - startedAt)
    if (until === NEVER) return
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
  const apart = sql.join([unit, of].map((name) => sql.ref(name)))
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
