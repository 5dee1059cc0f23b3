import { type Kysely, sql } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import { meets, OK, type UsageFilter } from './filter.ts'
import { DAY_SECONDS, HOUR_SECONDS } from './levels.ts'
import { countsOf, type StepCount } from './totals.ts'

/** More calls would hardly move a median, and would take longer to read. */
export const MOST_MEASURED = 1_000
/** Parts of the time, each with as many calls as the others, of which as many are measured. */
const PARTS = 20
/** Shorter times are cut where hours begin, longer ones where days do. */
const MOST_MS_BY_HOUR = 3 * DAY_SECONDS * 1000

export interface Latency {
  /** How many calls it is the median of. */
  readonly calls: number
  readonly use_time_ms: number
  readonly first_token_ms: number
}

/** Medians over answered calls of the whole time of a filter that sums know; 0 where there are none. */
export async function latencyOf(db: Kysely<Tables>, filter: UsageFilter): Promise<Latency> {
  const spans = spansOf(await stepsOf(db, filter))
  const calls = spans.length === 0 ? [] : await measured(db, filter, spans)
  return {
    calls: calls.length,
    use_time_ms: median(calls.map((call) => call.use_time_ms)),
    first_token_ms: median(calls.map((call) => call.first_token_ms)),
  }
}

/** Steps that have calls, oldest first. */
async function stepsOf(db: Kysely<Tables>, filter: UsageFilter): Promise<readonly StepCount[]> {
  const { from = 0, until = Number.MAX_SAFE_INTEGER } = filter
  const seconds = until - from <= MOST_MS_BY_HOUR ? HOUR_SECONDS : DAY_SECONDS
  return (await countsOf(db, filter, seconds)).toReversed()
}

/** The time, where all of its calls are measured, or parts that have about as many calls each. */
function spansOf(steps: readonly StepCount[]): readonly Time[] {
  const all = steps.reduce((sum, { requests }) => sum + requests, 0)
  const parts = all > MOST_MEASURED ? PARTS : Math.min(all, 1)
  const cuts = Array.from({ length: parts + 1 }, (_, at) => timeOf(steps, (all * at) / parts))
  return cuts.slice(1).map((until, at) => ({ from: cuts[at] ?? 0, until }))
}

/** The time before which there are so many calls, as if those of a step came evenly. */
function timeOf(steps: readonly StepCount[], calls: number): number {
  let before = 0
  for (const { from, until, requests } of steps) {
    if (before + requests >= calls)
      return Math.ceil(from + ((until - from) * (calls - before)) / requests)
    before += requests
  }
  return 0
}

type Time = Pick<StepCount, 'from' | 'until'>
type Measured = Pick<Tables['usage'], 'use_time_ms' | 'first_token_ms'>

/** The newest answered calls of each span. */
async function measured(
  db: Kysely<Tables>,
  filter: UsageFilter,
  spans: readonly Time[],
): Promise<readonly Measured[]> {
  const parts = spans.map((span) => {
    const newest = db
      .selectFrom('usage')
      .select(['use_time_ms', 'first_token_ms'])
      .where(meets({ ...filter, ...span, status: OK }))
      .orderBy('created_at_ms', 'desc')
      .limit(MOST_MEASURED / spans.length)
    return sql`select * from (${newest}) as part`
  })
  return (await sql<Measured>`${sql.join(parts, sql` union all `)}`.execute(db)).rows
}

/** The lower one of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
