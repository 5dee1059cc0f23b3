import { type Kysely, sql } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import type { ChartFilter } from './charts.ts'
import { withKnownKeys } from './known-names.ts'
import { FIGURES, summable } from './summable.ts'
import { type SeriesPoint, seriesOf, type Totals, totalsByStep } from './totals.ts'

export interface TopWanted {
  /** Length of a step: 3 600 or 86 400 seconds. Days begin at midnight UTC. */
  readonly stepSeconds: number
  /** How many keys are told apart. */
  readonly top: number
}

/** Sums of a step, oldest step first: of a key by its id, or without `key` of all keys that are not told apart. */
export interface TopPoint extends Totals {
  readonly at: number
  readonly key?: number
}

/** The steps of those keys that spent most, and of all others together; points without requests are left out. */
export async function topSeries(
  db: Kysely<Tables>,
  filter: ChartFilter,
  { stepSeconds, top }: TopWanted,
): Promise<readonly TopPoint[]> {
  const keyIds = await topKeys(db, filter, top)
  const most = (keyIds.length * (filter.until - filter.from)) / 1000 / stepSeconds
  const known = await withKnownKeys(db, { ...filter, keyIds })
  const points = await seriesOf(db, known, { by: 'key', stepSeconds, most })
  // Asked last: records only come, so no step is less than its keys.
  const steps = await totalsByStep(db, filter, stepSeconds)
  const byStep = Map.groupBy(points, ({ at }) => at)
  return steps.flatMap((step) => withOthers(step, byStep.get(step.at) ?? []))
}

/** The keys of a step, and what is left of it without them. */
function withOthers(step: Totals & { at: number }, keys: readonly SeriesPoint[]): TopPoint[] {
  const left = { ...step }
  for (const key of keys) for (const figure of FIGURES) left[figure] -= key[figure]
  const told = keys.map(({ of, ...sums }) => ({ ...sums, key: Number(of) }))
  return left.requests > 0 ? [...told, left] : told
}

/** The ids of the keys that spent most, largest first. */
async function topKeys(
  db: Kysely<Tables>,
  filter: ChartFilter,
  most: number,
): Promise<readonly number[]> {
  const { rows } = await sql<{ of: number }>`
    select "of", sum(quota) as quota from (${summable(filter, { by: 'key', only: 'quota' })}) as found
    group by 1 order by 2 desc, 1 limit ${most}`.execute(db)
  return rows.map(({ of }) => Number(of))
}
