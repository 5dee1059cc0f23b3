import type { Store } from '../storage/store.ts'
import type { ChartFilter, Charts, ChartWanted } from './charts.ts'
import { withKnownKeys } from './known-names.ts'
import { FIGURES } from './summable.ts'
import { topKeys } from './top-keys.ts'
import type { Totals } from './totals.ts'

/** Of a few keys, or of groups, in all steps of a chart. */
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
  const known = { ...filter, ...(await withKnownKeys(db, { ...filter, keyIds })) }
  const points = await drawn(charts, known, { by: 'key', stepSeconds, names: ['key'] })
  // Asked last: records only come, so no step is less than its keys.
  const steps = await stepsOf(charts, filter, stepSeconds)
  const byStep = Map.groupBy(points, ({ at }) => at)
  return [...steps.values()].flatMap((step) => withOthers(step, byStep.get(step.at) ?? []))
}

type Step = Totals & { readonly at: number }

/** The points of a chart: days that were drawn are kept. */
async function drawn(
  charts: Charts,
  filter: ChartFilter,
  wanted: Omit<ChartWanted, 'most'>,
): Promise<readonly TopPoint[]> {
  const text = (await charts.draw(filter, { ...wanted, most: MOST_POINTS })) ?? '[]'
  const points: (Totals & { created_at: number; key?: number })[] = JSON.parse(text)
  return points.map(({ created_at: at, ...point }) => ({ at, ...point }))
}

/** The sums of each step, oldest first: of the chart that has the fewest points, for its days are kept. */
async function stepsOf(charts: Charts, filter: ChartFilter, stepSeconds: number) {
  const steps = new Map<number, Step>()
  const groups = await drawn(charts, filter, { by: 'group', stepSeconds, names: [] })
  for (const { at, ...sums } of groups) {
    const step = { ...(steps.get(at) ?? NOTHING), at }
    for (const figure of FIGURES) step[figure] += sums[figure]
    steps.set(at, step)
  }
  return steps
}

/** The keys of a step, and what is left of it without them. */
function withOthers(step: Step, keys: readonly TopPoint[]): TopPoint[] {
  const left = { ...step }
  for (const key of keys) for (const figure of FIGURES) left[figure] -= key[figure]
  return left.requests > 0 ? [...keys, left] : [...keys]
}
