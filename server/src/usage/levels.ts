export const HOUR_SECONDS = 3_600
export const DAY_SECONDS = 86_400

export type Unit = 'hour' | 'day'

/** Sums of whole hours or days, from the first to before the last, Unix seconds; open where a bound is absent. */
export interface Part {
  readonly unit: Unit
  readonly seconds: number
  readonly from?: number | undefined
  readonly until?: number | undefined
}

/** A span of time in Unix milliseconds; `until` is not in it. */
export interface Span {
  readonly from?: number | undefined
  readonly until?: number | undefined
}

export interface Levels {
  readonly sums: readonly Part[]
  /** Parts of an hour, of which only single records tell. */
  readonly edges: readonly Span[]
}

/** Cuts a span into whole days, whole hours around them and what is left at its ends. Steps of hours have no days. */
export function levelsOf({ from, until }: Span, stepSeconds: number | undefined): Levels {
  const hours = inside({ from, until }, HOUR_SECONDS)
  // The span lies within an hour.
  if (isEmpty(hours)) return { sums: [], edges: [{ from, until }] }
  const edges: Span[] = []
  if (from !== undefined && from < (hours.from ?? 0) * 1000)
    edges.push({ from, until: (hours.from ?? 0) * 1000 })
  if (until !== undefined && (hours.until ?? 0) * 1000 < until)
    edges.push({ from: (hours.until ?? 0) * 1000, until })
  const ofHours = { unit: 'hour', seconds: HOUR_SECONDS } as const
  const days = inside({ from, until }, DAY_SECONDS)
  if (stepSeconds === HOUR_SECONDS || isEmpty(days))
    return { sums: [{ ...ofHours, ...hours }], edges }
  const sums: Part[] = [{ unit: 'day', seconds: DAY_SECONDS, ...days }]
  if (hours.from !== undefined && hours.from < (days.from ?? 0))
    sums.push({ ...ofHours, from: hours.from, until: days.from })
  if (hours.until !== undefined && (days.until ?? 0) < hours.until)
    sums.push({ ...ofHours, from: days.until, until: hours.until })
  return { sums, edges }
}

interface Whole {
  /** Unix seconds. */
  readonly from: number | undefined
  readonly until: number | undefined
}

const inside = ({ from, until }: Span, seconds: number): Whole => ({
  from: from === undefined ? undefined : Math.ceil(from / 1000 / seconds) * seconds,
  until: until === undefined ? undefined : Math.floor(until / 1000 / seconds) * seconds,
})

const isEmpty = ({ from, until }: Whole) => until !== undefined && until <= (from ?? 0)
