import type { Kysely } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import { isFailure, meets, type UsageFilter } from './filter.ts'
import { DAY_SECONDS, HOUR_SECONDS } from './levels.ts'
import { isSummed } from './summable.ts'
import { countsOf, type StepCount } from './totals.ts'

/** Columns that no index begins with: looking for a rare value there means reading every record. */
const SLOW = ['keyName', 'model', 'group', 'channelId'] as const

const DAY_MS = DAY_SECONDS * 1000
const FIRST_SLICE_MS = 3_600_000
const SHORTEST_SLICE_MS = 60_000
/** A slice that took less is followed by a longer one, a slice that took more by a shorter one. */
const QUICK_MS = 20
const SLOW_MS = 80

/** A part of a filter's time, and how many of its records come before those that are wanted. */
export interface Slice {
  readonly filter: UsageFilter
  /** Absent where nobody counted. */
  readonly requests?: number
}

/** Whether an index finds the records in their order. */
export const isIndexed = (filter: UsageFilter): boolean =>
  filter.requestId !== undefined ||
  isFailure(filter) ||
  (SLOW.every((name) => filter[name] === undefined) &&
    filter.status === undefined &&
    (filter.keyIds?.length ?? 1) === 1)

/**
 * The filter in slices of time, newest first, as long as the consumer goes on: each is read in a moment, so that a
 * search through years of records leaves gaps in which others can read. Filters that an index answers stay whole; where
 * sums know how many records there are in an hour, the others are left out.
 */
export async function* slicesOf(
  db: Kysely<Tables>,
  filter: UsageFilter,
  before: number | undefined,
): AsyncGenerator<Slice> {
  const until = before === undefined ? filter.until : Math.min(before, filter.until ?? before)
  const bounded = until === undefined ? filter : { ...filter, until }
  if (isIndexed(filter)) {
    yield { filter: bounded }
    return
  }
  const [oldest, newest] = await Promise.all([
    endOf(db, bounded, 'asc'),
    endOf(db, bounded, 'desc'),
  ])
  if (oldest === undefined || newest === undefined) return
  const span = { ...bounded, from: oldest, until: newest + 1 }
  yield* isSummed(filter) ? countedSlices(db, daysOf(db, span)) : timedSlices(span)
}

/**
 * Hours that have records, out of days that have, the first `skip` records left out as far as whole days go. Where an hour is
 * read at once, several are read together, and days: few records of many days are not worth a question each.
 */
export async function* countedSlices(
  db: Kysely<Tables>,
  days: AsyncIterable<StepOf> | Iterable<StepOf>,
  skip = 0,
): AsyncGenerator<Slice> {
  let left = skip
  const pace = { hours: 1 }
  let together: StepOf[] = []
  for await (const step of days) {
    if (left >= step.day.requests) {
      left -= step.day.requests
      continue
    }
    left = 0
    together.push(step)
    if (together.length * HOURS_A_DAY < pace.hours) continue
    const ready = together
    together = []
    if (pace.hours >= HOURS_A_DAY) yield* paced(joined(step.filter, ready), pace)
    else yield* hoursOf(db, step, pace)
  }
  const [step] = together
  if (step !== undefined) yield* paced(joined(step.filter, together), pace)
}

const HOURS_A_DAY = 24
/** A question that took less could have been about twice as much. */
const CHEAP_MS = 4
/** No question is answered so soon. */
const SKIPPED_MS = 0.1

interface Pace {
  hours: number
}

async function* hoursOf(db: Kysely<Tables>, { filter, day }: StepOf, pace: Pace) {
  const { from, until } = day
  const hours = await countsOf(db, { ...filter, from, until }, HOUR_SECONDS)
  for (let at = 0; at < hours.length; ) {
    const some = hours.slice(at, at + pace.hours)
    at += some.length
    yield* paced(
      joined(
        filter,
        some.map((day) => ({ filter, day })),
      ),
      pace,
    )
  }
}

/** One slice for steps that follow each other, newest first. */
function joined(filter: UsageFilter, steps: readonly StepOf[]): Slice {
  const from = steps.at(-1)?.day.from ?? 0
  const until = steps[0]?.day.until ?? 0
  const requests = steps.reduce((sum, { day }) => sum + day.requests, 0)
  return { filter: { ...filter, from, until }, requests }
}

function* paced(slice: Slice, pace: Pace): Generator<Slice> {
  const startedAt = performance.now()
  yield slice
  const took = performance.now() - startedAt
  // One that was skipped says nothing.
  if (took < SKIPPED_MS) return
  if (took < CHEAP_MS) pace.hours *= 2
  else if (took > QUICK_MS) pace.hours = 1
}

export interface StepOf {
  readonly filter: UsageFilter
  readonly day: StepCount
}

/** Days that have records, newest first: looked for in more and more days at a time. */
async function* daysOf(
  db: Kysely<Tables>,
  filter: UsageFilter & { readonly from: number; readonly until: number },
): AsyncGenerator<StepOf> {
  let width = 1
  for (let until = filter.until; until > filter.from; width *= 4) {
    const from = Math.max((Math.ceil(until / DAY_MS) - width) * DAY_MS, filter.from)
    for (const day of await countsOf(db, { ...filter, from, until }, DAY_SECONDS))
      yield { filter, day }
    until = from
  }
}

function* timedSlices(
  filter: UsageFilter & { readonly from: number; readonly until: number },
): Generator<Slice> {
  let width = FIRST_SLICE_MS
  for (let end = filter.until; end > filter.from; ) {
    const from = Math.max(end - width, filter.from)
    const startedAt = performance.now()
    yield { filter: { ...filter, from, until: end } }
    const took = performance.now() - startedAt
    if (took < QUICK_MS) width *= 4
    else if (took > SLOW_MS) width = Math.max(width / 2, SHORTEST_SLICE_MS)
    end = from
  }
}

/** The time of the oldest or newest record that the indexed part of the filter leaves. */
export async function endOf(
  db: Kysely<Tables>,
  { accounts, keyIds, from, until }: UsageFilter,
  order: 'asc' | 'desc',
): Promise<number | undefined> {
  const indexed = {
    ...(accounts && { accounts }),
    ...(keyIds?.length === 1 && { keyIds }),
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
