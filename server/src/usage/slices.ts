import type { Kysely } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import { meets, type UsageFilter } from './filter.ts'

/** Columns that no index begins with: looking for a rare value there means reading every record. */
const SLOW = ['keyName', 'model', 'group', 'status', 'channelId'] as const

const FIRST_SLICE_MS = 3_600_000
const SHORTEST_SLICE_MS = 60_000
/** A slice that took less is followed by a longer one, a slice that took more by a shorter one. */
const QUICK_MS = 20
const SLOW_MS = 80

/**
 * The filter in slices of time, newest first, as long as the consumer goes on: each is read in a moment, so that a
 * search through years of records leaves gaps in which others can read. Filters that an index answers stay whole.
 */
export async function* slicesOf(
  db: Kysely<Tables>,
  filter: UsageFilter,
  before: number | undefined,
): AsyncGenerator<UsageFilter> {
  const until = before === undefined ? filter.until : Math.min(before, filter.until ?? before)
  const bounded = until === undefined ? filter : { ...filter, until }
  if (filter.requestId !== undefined || SLOW.every((name) => filter[name] === undefined)) {
    yield bounded
    return
  }
  const [oldest, newest] = await Promise.all([
    endOf(db, bounded, 'asc'),
    endOf(db, bounded, 'desc'),
  ])
  if (oldest === undefined || newest === undefined) return
  let width = FIRST_SLICE_MS
  for (let end = newest + 1; end > oldest; ) {
    const from = Math.max(end - width, oldest)
    const startedAt = performance.now()
    yield { ...bounded, from, until: end }
    const took = performance.now() - startedAt
    if (took < QUICK_MS) width *= 4
    else if (took > SLOW_MS) width = Math.max(width / 2, SHORTEST_SLICE_MS)
    end = from
  }
}

/** The time of the oldest or newest record that the indexed part of the filter leaves. */
async function endOf(
  db: Kysely<Tables>,
  { accounts, keyId, from, until }: UsageFilter,
  order: 'asc' | 'desc',
): Promise<number | undefined> {
  const indexed = {
    ...(accounts && { accounts }),
    ...(keyId !== undefined && { keyId }),
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
  }
  const found = await db
    .selectFrom('usage')
    .select('created_at_ms')
    .where(meets(indexed))
    .orderBy('created_at_ms', order)
    .limit(1)
    .executeTakeFirst()
  return found?.created_at_ms
}
