import type { Store } from '../storage/store.ts'
import type { Step } from './blocks.ts'
import type { ChartFilter, Charts } from './charts.ts'
import { withKnownKeys } from './known-names.ts'
import { FIGURES } from './summable.ts'
import { topKeys } from './top-keys.ts'

/** Of a few keys, or of groups, in all steps of a chart. */
const MOST_POINTS = 1_000_000

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

/**
 * The steps of those keys that spent most, and of all others together, oldest first, as the text of a JSON list; points
 * without requests are left out. Points of keys have `token_id` and, in the place of their name, `token_name` with the id
 * again. The texts and sums that are drawn are only joined: thousands of points would hold up every call meanwhile.
 */
export async function topSeries(
  { store: { db }, charts }: TopParts,
  filter: ChartFilter,
  { stepSeconds, top }: TopWanted,
): Promise<string> {
  const keyIds = await topKeys(db, filter, top)
  const known = { ...filter, ...(await withKnownKeys(db, { ...filter, keyIds })) }
  const names = ['token_id', 'token_name']
  const wanted = { stepSeconds, most: MOST_POINTS }
  const keys = await charts.steps(known, { ...wanted, by: 'key', names })
  // Asked last: records only come, so no step is less than its keys. Of the chart that has the fewest points.
  const all = await charts.steps(filter, { ...wanted, by: 'group', names: [] })
  const byTime = new Map(keys?.map((step) => [step.at, step]))
  const texts = all?.flatMap((step) => withOthers(step, byTime.get(step.at))) ?? []
  return `[${texts.join(',')}]`
}

/** The keys of a step, and what is left of it without them. */
function withOthers({ at, sums }: Step, keys: Step | undefined): string[] {
  const texts = keys === undefined ? [] : [keys.text]
  if (sums.requests <= (keys?.sums.requests ?? 0)) return texts
  const left = FIGURES.map((figure) => [figure, sums[figure] - (keys?.sums[figure] ?? 0)] as const)
  return [...texts, JSON.stringify({ created_at: at, ...Object.fromEntries(left) })]
}
