import { type Grouping, type Measure, measured } from './measures.ts'
import { type Point, type Series, STEP_SECONDS } from './overview.ts'

/** As many as there are colours that can be told apart. */
const MOST_SHOWN = 5

/** A model, key or group, with its sum over the whole period. */
export interface Ranked {
  readonly id: string
  /** '' for a key without a name. */
  readonly name: string
  readonly total: number
}

/** One step of a chart: a value for each of the shown, in their order, and one for all others. */
export interface ChartStep {
  /** Unix seconds. */
  readonly at: number
  readonly values: readonly number[]
}

export interface ChartShown {
  readonly shown: readonly Ranked[]
  /** How many are added up in the last value; 0: there is no such value; undefined: nobody counted them. */
  readonly others: number | undefined
  readonly steps: readonly ChartStep[]
}

const idOf = (point: Point, by: Grouping): string =>
  by === 'key' ? String(point.token_id) : ((by === 'model' ? point.model_name : point.group) ?? '')

const nameOf = (point: Point, by: Grouping): string =>
  by === 'key' ? (point.token_name ?? '') : idOf(point, by)

/** Keys that are not among those that spent most come together, without an id. */
const isTold = (point: Point, by: Grouping): boolean => by !== 'key' || point.token_id !== undefined

/** Those that are told apart, largest first. */
export function rank(points: readonly Point[], by: Grouping, measure: Measure): readonly Ranked[] {
  const found = new Map<string, Ranked>()
  for (const point of points) {
    if (!isTold(point, by)) continue
    const id = idOf(point, by)
    const total = (found.get(id)?.total ?? 0) + measured(point, measure)
    found.set(id, { id, name: nameOf(point, by), total })
  }
  return [...found.values()].sort((a, b) => b.total - a.total || a.name.localeCompare(b.name))
}

/** Every step of the time, those without use, too; what has no colour of its own is added up. */
export function chartOf(
  { span, points }: Series,
  { by, measure, step }: { by: Grouping; measure: Measure; step: 'hour' | 'day' },
): ChartShown {
  const ranked = rank(points, by, measure).filter(({ total }) => total > 0)
  const isCounted = points.every((point) => isTold(point, by) || measured(point, measure) === 0)
  // A single one is not called all others.
  const isAll = isCounted && ranked.length === MOST_SHOWN + 1
  const shown = ranked.slice(0, isAll ? MOST_SHOWN + 1 : MOST_SHOWN)
  const places = new Map(shown.map(({ id }, place) => [id, place]))
  const others = isCounted ? ranked.length - shown.length : undefined
  const values = new Map<number, number[]>()
  const seconds = STEP_SECONDS[step]
  const first = Math.floor(span.from / seconds) * seconds
  for (let at = first; at <= span.until; at += seconds) {
    values.set(at, new Array<number>(shown.length + (others === 0 ? 0 : 1)).fill(0))
  }
  for (const point of points) {
    const at = values.get(point.created_at)
    const place = places.get(idOf(point, by)) ?? shown.length
    if (at?.[place] !== undefined) at[place] += measured(point, measure)
  }
  return { shown, others, steps: [...values].map(([at, sums]) => ({ at, values: sums })) }
}
