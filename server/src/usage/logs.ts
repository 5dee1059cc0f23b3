import type { Kysely, Selectable } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import { meets, type UsageFilter } from './filter.ts'
import { slicesOf } from './slices.ts'

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

/** Counting stops here: telling ten million records from ten million and one is not worth the second it takes. */
const MOST_COUNTED = 100_000
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
    let query = newestFirst(db, slice).limit(size + 1 - found.length)
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
  const total = await countOf(db, filter)
  let skip = (page - 1) * size
  const found: UsageRow[] = []
  if (skip >= total && total < MOST_COUNTED) return { rows: [], total }
  for await (const slice of slicesOf(db, filter, undefined)) {
    const rows = await newestFirst(db, slice)
      .limit(size + 1 - found.length)
      .offset(skip)
      .execute()
    found.push(...rows)
    if (found.length > size) break
    if (rows.length === 0 && skip > 0) skip = Math.max(0, skip - (await countOf(db, slice)))
    else skip = 0
  }
  return { ...pageOf(found, size), total }
}

function pageOf(found: readonly UsageRow[], size: number): LogPage {
  const rows = found.slice(0, size)
  const last = rows.at(-1)
  if (found.length <= size || !last) return { rows }
  return { rows, next: { createdAtMs: last.created_at_ms, id: last.id } }
}

async function countOf(db: Kysely<Tables>, filter: UsageFilter): Promise<number> {
  let total = 0
  for await (const slice of slicesOf(db, filter, undefined)) {
    const counted = await db
      .selectFrom(
        db
          .selectFrom('usage')
          .select('id')
          .where(meets(slice))
          .limit(MOST_COUNTED - total)
          .as('found'),
      )
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow()
    total += Number(counted.total)
    if (total >= MOST_COUNTED) break
  }
  return total
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
