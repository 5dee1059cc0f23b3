import type { Kysely } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import { OK, type UsageFilter } from './filter.ts'
import { pageAfter } from './logs.ts'

/** More calls would hardly move a median, and would take longer to read. */
export const MOST_MEASURED = 1_000

export interface Latency {
  /** How many calls it is the median of. */
  readonly calls: number
  readonly use_time_ms: number
  readonly first_token_ms: number
}

/** Medians over the newest answered calls that meet the filter; 0 where there are none. */
export async function latencyOf(db: Kysely<Tables>, filter: UsageFilter): Promise<Latency> {
  const { rows } = await pageAfter(db, { ...filter, status: OK }, undefined, MOST_MEASURED)
  return {
    calls: rows.length,
    use_time_ms: median(rows.map((row) => row.use_time_ms)),
    first_token_ms: median(rows.map((row) => row.first_token_ms)),
  }
}

/** The lower one of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
