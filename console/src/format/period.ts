/** The time that a screen is about, as its address has it. `from` and `to` are days of UTC, as sums by day are. */
export interface Period {
  readonly period?: Preset | 'custom'
  /** Such as `2026-11-26`; both days are part of it. */
  readonly from?: string
  readonly to?: string
}

/** In Unix seconds; both ends are part of it. */
export interface Span {
  readonly from: number
  readonly until: number
}

export const HOUR_SECONDS = 3_600
export const DAY_SECONDS = 86_400

/** How many whole steps, of which the last one still runs. */
const PRESETS = {
  '24h': { step: HOUR_SECONDS, steps: 24 },
  '7d': { step: DAY_SECONDS, steps: 7 },
  '30d': { step: DAY_SECONDS, steps: 30 },
} as const
export type Preset = keyof typeof PRESETS

export const PERIODS: readonly (Preset | 'custom')[] = ['24h', '7d', '30d', 'custom']

const DAY = /^\d{4}-\d{2}-\d{2}$/

const isDay = (text: unknown): text is string =>
  typeof text === 'string' && DAY.test(text) && !Number.isNaN(Date.parse(text))

/** What an address says of the time; nonsense is left out. */
export function readPeriod({ period, from, to }: Record<string, unknown>): Period {
  if (period === 'custom') {
    return { period, ...(isDay(from) && { from }), ...(isDay(to) && { to }) }
  }
  return typeof period === 'string' && Object.hasOwn(PRESETS, period)
    ? { period: period as Preset }
    : {}
}

/** A day of UTC as addresses and fields write it. */
export const writeDay = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 10)

/** Begins with a whole hour or day, so that figures and charts are about the same. */
export function spanOf(preset: Preset, nowSeconds: number): Span {
  const { step, steps } = PRESETS[preset]
  return { from: Math.floor(nowSeconds / step) * step - (steps - 1) * step, until: nowSeconds }
}

/** Of days that were chosen; a missing one is today, and the later one ends it. */
export function customSpan({ from, to }: Period, nowSeconds: number): Span {
  const today = writeDay(nowSeconds)
  const [first = today, last = today] = [from ?? today, to ?? today].sort()
  return {
    from: Date.parse(first) / 1000,
    until: Math.min(Date.parse(last) / 1000 + DAY_SECONDS - 1, nowSeconds),
  }
}

/** The time just before, as long. */
export function spanBefore({ from, until }: Span, period: Period['period']): Span {
  const preset = period === undefined || period === 'custom' ? undefined : PRESETS[period]
  // The last step still runs: so did that of the period before, as far.
  const length =
    preset === undefined
      ? Math.ceil((until - from) / DAY_SECONDS) * DAY_SECONDS
      : preset.step * preset.steps
  return { from: Math.max(0, from - length), until: Math.max(0, until - length) }
}
