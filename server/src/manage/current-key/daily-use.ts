import type { UsageFilter } from '../../usage/filter.ts'
import { keyNames } from '../../usage/key-names.ts'
import { seriesOf } from '../../usage/totals.ts'
import type { Rooms } from '../rooms.ts'

/** What one key used on one day. */
export interface DailyUse {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string
  readonly name: string
  readonly units: number
  readonly requests: number
}

const DAY_SECONDS = 86_400
/** A year of a thousand keys that are used every day. */
const MOST_POINTS = 366_000

/** The use of each key on each day, oldest day first; days and keys without calls are left out. */
export async function dailyUse(
  { store }: Pick<Rooms, 'store'>,
  scope: UsageFilter,
  days: Pick<UsageFilter, 'from' | 'until'>,
): Promise<readonly DailyUse[]> {
  const points = await seriesOf(
    store.db,
    { ...scope, ...days },
    { by: 'key', stepSeconds: DAY_SECONDS, most: MOST_POINTS },
  )
  if (points.length === 0) return []
  const names = await keyNames(
    store.db,
    points.map(({ of }) => Number(of)),
  )
  return points.map(({ at, of, quota, requests }) => ({
    day: new Date(at * 1000).toISOString().slice(0, 10),
    name: names.get(Number(of)) ?? '',
    units: quota,
    requests,
  }))
}
