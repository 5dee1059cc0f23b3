import { type Kysely, sql } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import type { UsageFilter } from './filter.ts'
import { DAY_SECONDS } from './levels.ts'
import { FIGURES, type SeriesBy, summable } from './summable.ts'

const DAY_MS = DAY_SECONDS * 1000

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

/** Whole numbers below 2^53, which one database would else take for decimal ones. */
export const SUMS = sql.raw(
  FIGURES.map((name) => `cast(coalesce(sum(${name}), 0) as bigint) as ${name}`).join(', '),
)

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
  wanted: SeriesWanted,
): Promise<readonly SeriesPoint[]> {
  const points: SeriesPoint[] = []
  for (const span of wanted.by === 'key' ? growingSpans(filter) : [filter]) {
    points.push(...(await pointsOf(db, { ...filter, ...span }, wanted)))
    if (points.length >= wanted.most) break
  }
  return points.slice(0, wanted.most)
}

/** Whole days, more each time: where there are too many keys for a chart, that is found out early. */
export function* growingSpans({
  from,
  until,
}: UsageFilter): Generator<Pick<UsageFilter, 'from' | 'until'>> {
  if (from === undefined || until === undefined) {
    yield {}
    return
  }
  let days = 2
  for (let begin = from; begin < until; days *= 16) {
    const end = Math.min((Math.floor(begin / DAY_MS) + days) * DAY_MS, until)
    yield { from: begin, until: end }
    begin = end
  }
}

async function pointsOf(
  db: Kysely<Tables>,
  filter: UsageFilter,
  { by, stepSeconds, most }: SeriesWanted,
): Promise<readonly SeriesPoint[]> {
  const found = summable(filter, { by, stepSeconds, most })
  const { rows } = await sql<SeriesPoint>`
    select at, "of", ${SUMS} from (${found}) as found group by 1, 2 order by 1, 2 limit ${most}`.execute(
    db,
  )
  return rows.map((row) => ({
    at: Number(row.at),
    of: by === 'key' ? Number(row.of) : row.of,
    ...numbersOf(row),
  }))
}

/** How many records there are in one step of time. */
export interface StepCount {
  /** Milliseconds since 1970; `until` is not included. */
  readonly from: number
  readonly until: number
  readonly requests: number
}

/** Counts the records of each step that has any, newest first. The filter must be one that sums know. */
export async function countsOf(
  db: Kysely<Tables>,
  filter: UsageFilter,
  stepSeconds: number,
): Promise<readonly StepCount[]> {
  const { rows } = await sql<{ at: number; requests: number }>`
    select at, sum(requests) as requests from (${summable(filter, { stepSeconds, only: 'requests' })}) as found
    group by 1 order by 1 desc`.execute(db)
  return rows.map((row) => ({
    from: Math.max(Number(row.at) * 1000, filter.from ?? 0),
    until: Math.min((Number(row.at) + stepSeconds) * 1000, filter.until ?? Infinity),
    requests: Number(row.requests),
  }))
}

/** One database gives sums as text, so that none is rounded; ours stay below 2^53. */
export const numbersOf = (row: Totals): Totals => ({
  requests: Number(row.requests),
  failed: Number(row.failed),
  quota: Number(row.quota),
  shortfall: Number(row.shortfall),
  prompt_tokens: Number(row.prompt_tokens),
  completion_tokens: Number(row.completion_tokens),
})
