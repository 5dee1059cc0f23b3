import { type Kysely, sql } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import type { UsageFilter } from './filter.ts'
import { HOUR_SECONDS, summable } from './summable.ts'

/** What a set of calls cost and consumed. */
export interface Totals {
  readonly requests: number
  /** Calls that were not answered with success. */
  readonly failed: number
  readonly quota: number
  readonly shortfall: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

/** The sums of an hour or day for one model, key or group. `at`: when it begins, Unix seconds. */
export interface SeriesPoint extends Totals {
  readonly at: number
  readonly of: string | number
}

export type SeriesBy = 'model' | 'key' | 'group'

const SUMS = sql`
  coalesce(sum(requests), 0) as requests, coalesce(sum(failed), 0) as failed,
  coalesce(sum(quota), 0) as quota, coalesce(sum(shortfall), 0) as shortfall,
  coalesce(sum(prompt_tokens), 0) as prompt_tokens, coalesce(sum(completion_tokens), 0) as completion_tokens`

const COLUMN_OF = { model: 'model', key: 'key_id', group: 'group_name' } as const

/** The sums over everything that meets the filter. */
export async function totalsOf(db: Kysely<Tables>, filter: UsageFilter): Promise<Totals> {
  const { rows } = await sql<Totals>`select ${SUMS} from (${summable(filter)}) as found`.execute(db)
  return numbersOf(rows[0] as Totals)
}

export interface SeriesWanted {
  readonly by: SeriesBy
  /** Length of a step: 3 600 or 86 400 seconds. Days begin at midnight UTC. */
  readonly stepSeconds: number
  /** At most so many points. */
  readonly most: number
}

/** The sums of each step, oldest first; steps and names without usage are left out. */
export async function seriesOf(
  db: Kysely<Tables>,
  filter: UsageFilter,
  { by, stepSeconds, most }: SeriesWanted,
): Promise<readonly SeriesPoint[]> {
  const step = sql.lit(Math.max(stepSeconds, HOUR_SECONDS))
  const { rows } = await sql<SeriesPoint>`
    select (hour / ${step}) * ${step} as at, ${sql.ref(COLUMN_OF[by])} as "of", ${SUMS}
    from (${summable(filter)}) as found group by 1, 2 order by 1, 2 limit ${most}`.execute(db)
  return rows.map((row) => ({
    at: Number(row.at),
    of: by === 'key' ? Number(row.of) : row.of,
    ...numbersOf(row),
  }))
}

/** One database gives sums as text, so that none is rounded; ours stay below 2^53. */
const numbersOf = (row: Totals): Totals => ({
  requests: Number(row.requests),
  failed: Number(row.failed),
  quota: Number(row.quota),
  shortfall: Number(row.shortfall),
  prompt_tokens: Number(row.prompt_tokens),
  completion_tokens: Number(row.completion_tokens),
})
