import type { Store } from '../storage/store.ts'
import type { ChartFilter, Charts } from './charts.ts'
import { withKnownKeys } from './known-names.ts'
import { FIGURES } from './summable.ts'
import { topKeys } from './top-keys.ts'
import { type SeriesPoint, seriesOf, type Totals } from './totals.ts'

/** Of groups, in all steps of a chart. */
const MOST_POINTS = 1_000_000
const NOTHING = Object.fromEntries(FIGURES.map((name) => [name, 0])) as unknown as Totals

export interface TopParts {
  readonly store: Pick<Store, 'db'>
  readonly charts: Charts
}

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
  { store: { db }, charts }: TopParts,
  filter: ChartFilter,
  { stepSeconds, top }: TopWanted,
): Promise<readonly TopPoint[]> {
  const keyIds = await topKeys(db, filter, top)
  const most = (keyIds.length * (filter.until - filter.from)) / 1000 / stepSeconds
  const known = await withKnownKeys(db, { ...filter, keyIds })
  const points = await seriesOf(db, known, { by: 'key', stepSeconds, most })
  // Asked last: records only come, so no step is less than its keys.
  const steps = await stepsOf(charts, filter, stepSeconds)
  const byStep = Map.groupBy(points, ({ at }) => at)
  return [...steps.values()].flatMap((step) => withOthers(step, byStep.get(step.at) ?? []))
}

type Step = Totals & { readonly at: number }

/** The sums of each step, oldest first: of the chart that has the fewest points, for its days are kept. */
async function stepsOf(charts: Charts, filter: ChartFilter, stepSeconds: number) {
  const wanted = { by: 'group', stepSeconds, names: [], most: MOST_POINTS } as const
  const drawn = await charts.draw(filter, wanted)
  const points: (Totals & { created_at: number })[] = JSON.parse(drawn ?? '[]')
  const steps = new Map<number, Step>()
  for (const { created_at: at, ...sums } of points) {
    const step = { ...(steps.get(at) ?? NOTHING), at }
    for (const figure of FIGURES) step[figure] += sums[figure]
    steps.set(at, step)
  }
  return steps
}

/** The keys of a step, and what is left of it without them. */
function withOthers(step: Step, keys: readonly SeriesPoint[]): TopPoint[] {
  const left = { ...step }
  for (const key of keys) for (const figure of FIGURES) left[figure] -= key[figure]
  const told = keys.map(({ of, ...sums }) => ({ ...sums, key: Number(of) }))
  return left.requests > 0 ? [...told, left] : told
}
