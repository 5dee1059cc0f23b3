interface Axis {
  /** Ticks are round multiples of it. */
  readonly unit: number
  /** Whether they may be parts of it. */
  readonly parts: boolean
  /** About so many steps. */
  readonly count: number
}

/** Distances that people count in. */
const ROUND = [1, 2, 2.5, 5, 10]

/** Round values from 0 to the first one that is not below `most`. */
export function ticksUpTo(most: number, { unit, parts, count }: Axis): readonly number[] {
  const wanted = (most > 0 ? most / unit : 1) / count
  const power = 10 ** Math.floor(Math.log10(wanted))
  const round = power * (ROUND.find((factor) => factor * power >= wanted) ?? 10)
  const step = unit * (parts ? round : Math.max(1, Math.ceil(round)))
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, at) => at * step)
}
