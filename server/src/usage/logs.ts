import type { Kysely, Selectable } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import { meets, OK, type UsageFilter } from './filter.ts'
import { DAY_SECONDS } from './levels.ts'
import { countedSlices, endOf, isIndexed, type Slice, type StepOf, slicesOf } from './slices.ts'
import { FIRST_NOT_OK, isSummed } from './summable.ts'
import { countsOf, totalsOf } from './totals.ts'

export type UsageRow = Selectable<Tables['usage']>

/** Where a page ended. Newer records never move what comes after it, which page numbers can't promise. */
export interface Cursor {
  readonly createdAtMs: number
  readonly id: number
}

export interface LogPage {
  readonly rows: readonly UsageRow[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: Cursor
}

/** Counting one by one stops here: telling ten million records from ten million and one is not worth a second. */
const MOST_COUNTED = 100_000
/** Records that are skipped one by one; beyond, hours are. */
const NEAR = 1_000
/** Rows that an export holds at a time. */
const EXPORT_ROWS = 500

/** Records before the cursor, newest first; without one, the newest. */
export async function pageAfter(
  db: Kysely<Tables>,
  filter: UsageFilter,
  cursor: Cursor | undefined,
  size: number,
): Promise<LogPage> {
  const found: UsageRow[] = []
  const before = cursor && cursor.createdAtMs + 1
  for await (const slice of slicesOf(db, filter, before)) {
    let query = newestFirst(db, slice.filter).limit(size + 1 - found.length)
    if (cursor) {
      query = query.where((row) =>
        row.or([row('created_at_ms', '<', cursor.createdAtMs), row('id', '<', cursor.id)]),
      )
    }
    found.push(...(await query.execute()))
    if (found.length > size) break
  }
  return pageOf(found, size)
}

/** The page by its number, from 1, for clients that count pages. */
export async function pageNumbered(
  db: Kysely<Tables>,
  filter: UsageFilter,
  page: number,
  size: number,
): Promise<LogPage & { readonly total: number }> {
  const skip = (page - 1) * size
  const near = () => skipping(db, slicesOf(db, filter, undefined), { skip, size })
  if (!isSummed(filter)) {
    if (skip === 0) {
      const [rows, total] = await Promise.all([near(), countOf(db, filter)])
      return { ...pageOf(rows, size), total }
    }
    const total = await countOf(db, filter)
    if (skip >= total && total < MOST_COUNTED) return { rows: [], total }
    return { ...pageOf(await near(), size), total }
  }
  const isNear = skip <= NEAR && isIndexed(filter)
  const [days, rows] = await Promise.all([daysWith(db, filter), isNear ? near() : []])
  const total = days.reduce((sum, { day }) => sum + day.requests, 0)
  if (isNear) return { ...pageOf(rows, size), total }
  if (skip >= total) return { rows: [], total }
  const left = skip - daysBefore(days, skip)
  const found = await skipping(db, countedSlices(db, days, skip), { skip: left, size })
  return { ...pageOf(found, size), total }
}

/** The days of a filter that sums know, newest first. Records that retention has deleted are no longer listed. */
async function daysWith(db: Kysely<Tables>, filter: UsageFilter): Promise<readonly StepOf[]> {
  const oldest = await endOf(db, {}, 'asc')
  if (oldest === undefined) return []
  const kept = { ...filter, from: Math.max(oldest, filter.from ?? 0) }
  const days = await countsOf(db, kept, DAY_SECONDS)
  return days.map((day) => ({ filter, day }))
}

/** Records of the days that are skipped whole. */
function daysBefore(days: readonly StepOf[], skip: number): number {
  let passed = 0
  for (const { day } of days) {
    if (passed + day.requests > skip) break
    passed += day.requests
  }
  return passed
}

interface Wanted {
  readonly skip: number
  readonly size: number
}

/** Reads on in slices, past the first records: one more than the page, to know whether there is another. */
async function skipping(
  db: Kysely<Tables>,
  slices: AsyncIterable<Slice>,
  { skip, size }: Wanted,
): Promise<readonly UsageRow[]> {
  let left = skip
  const found: UsageRow[] = []
  for await (const slice of slices) {
    if (slice.requests !== undefined && left >= slice.requests) {
      left -= slice.requests
      continue
    }
    const rows = await newestFirst(db, slice.filter)
      .limit(size + 1 - found.length)
      .offset(left)
      .execute()
    found.push(...rows)
    if (found.length > size) break
    if (rows.length === 0 && left > 0) left = Math.max(0, left - (await countIn(db, slice.filter)))
    else left = 0
  }
  return found
}

function pageOf(found: readonly UsageRow[], size: number): LogPage {
  const rows = found.slice(0, size)
  const last = rows.at(-1)
  if (found.length <= size || !last) return { rows }
  return { rows, next: { createdAtMs: last.created_at_ms, id: last.id } }
}

/** Counts one by one, but the answered calls: they are what is left when the failed ones are taken away. */
async function countOf(db: Kysely<Tables>, filter: UsageFilter): Promise<number> {
  const { status, ...rest } = filter
  if (status === OK && isSummed(rest)) {
    const oldest = (await endOf(db, {}, 'asc')) ?? 0
    const kept = { ...rest, from: Math.max(oldest, rest.from ?? 0) }
    const [{ requests, failed }, others] = await Promise.all([
      totalsOf(db, kept),
      countOtherSuccesses(db, rest),
    ])
    return requests - failed - others
  }
  let total = 0
  for await (const slice of slicesOf(db, filter, undefined)) {
    total += await countIn(db, slice.filter, MOST_COUNTED - total)
    if (total >= MOST_COUNTED) break
  }
  return total
}

/** Calls that succeeded with another status than the usual one: hardly any. */
async function countOtherSuccesses(db: Kysely<Tables>, filter: UsageFilter): Promise<number> {
  const counted = await db
    .selectFrom('usage')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where(meets(filter, 'failed'))
    .where('status', '<', FIRST_NOT_OK)
    .executeTakeFirstOrThrow()
  return Number(counted.total)
}

async function countIn(
  db: Kysely<Tables>,
  filter: UsageFilter,
  most = MOST_COUNTED,
): Promise<number> {
  const counted = await db
    .selectFrom(db.selectFrom('usage').select('id').where(meets(filter)).limit(most).as('found'))
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return Number(counted.total)
}

/** All records, newest first, a few at a time: an export of any length takes no more memory than a page. */
export async function* everyPage(
  db: Kysely<Tables>,
  filter: UsageFilter,
): AsyncGenerator<readonly UsageRow[]> {
  let cursor: Cursor | undefined
  do {
    const page: LogPage = await pageAfter(db, filter, cursor, EXPORT_ROWS)
    yield page.rows
    cursor = page.next
  } while (cursor)
}

const newestFirst = (db: Kysely<Tables>, filter: UsageFilter) =>
  db
    .selectFrom('usage')
    .selectAll()
    .where(meets(filter))
    .orderBy('created_at_ms', 'desc')
    .orderBy('id', 'desc')

/** The cursor as clients carry it. */
export const writeCursor = ({ createdAtMs, id }: Cursor): string =>
  Buffer.from(`${createdAtMs}.${id}`).toString('base64url')

/** `undefined` for a text that `writeCursor` did not write. */
export function parseCursor(text: string): Cursor | undefined {
  const parts = /^(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString())
  return parts ? { createdAtMs: Number(parts[1]), id: Number(parts[2]) } : undefined
}
