import Type from 'typebox'
import { csvLine } from '../../usage/csv.ts'
import type { UsageFilter } from '../../usage/filter.ts'
import { withKnownKeys } from '../../usage/known-names.ts'
import { everyPage, pageAfter, pageNumbered, type UsageRow, writeCursor } from '../../usage/logs.ts'
import type { Answer } from '../operation.ts'
import { pageOf, pageQuery } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { cursorOf } from './wire.ts'

/** How records are asked for, besides which. */
export const shapeQuery = {
  ...pageQuery,
  cursor: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'The `next_cursor` of an answer: the page after it, however many records came since. Takes the place of `p`.',
    }),
  ),
  format: Type.Optional(
    Type.Union([Type.Literal('json'), Type.Literal('csv')], {
      description:
        '`csv`: all records that match, not a page, as comma-separated values (RFC 4180).',
    }),
  ),
}

interface Wanted {
  readonly p?: number
  readonly page_size?: number
  readonly ps?: number
  readonly size?: number
  readonly cursor?: string
  readonly format?: 'json' | 'csv'
}

/** Turns rows into records as this caller may see them. */
export type Show<R extends object> = (rows: readonly UsageRow[]) => Promise<readonly R[]>

export interface Asking<R extends object> {
  readonly query: Wanted
  readonly filter: UsageFilter
  readonly show: Show<R>
  /** Names of a record's members, in the order of the file. */
  readonly columns: readonly (keyof R & string)[]
}

/** Answers with a page of records, or with all of them as a file. */
export async function answerLogs<R extends object>(
  { store }: Rooms,
  asking: Asking<R>,
): Promise<Answer> {
  const { query, show } = asking
  const filter = await withKnownKeys(store.db, asking.filter)
  if (query.format === 'csv') return asFile(csvOf(store.db, { ...asking, filter }))
  const page = pageOf(query)
  if (query.cursor) {
    const found = await pageAfter(store.db, filter, cursorOf(query.cursor), page.pageSize)
    const next = found.next ? writeCursor(found.next) : null
    return { data: { page_size: page.pageSize, items: await show(found.rows), next_cursor: next } }
  }
  const found = await pageNumbered(store.db, filter, page.page, page.pageSize)
  const next = found.next ? writeCursor(found.next) : null
  const { total } = found
  return {
    data: {
      page: page.page,
      page_size: page.pageSize,
      total,
      items: await show(found.rows),
      next_cursor: next,
    },
  }
}

const asFile = (body: AsyncIterable<string>): Answer => ({
  stream: { type: 'text/csv; charset=utf-8', body },
  headers: { 'Content-Disposition': 'attachment; filename="usage.csv"' },
})

async function* csvOf<R extends object>(
  db: Rooms['store']['db'],
  { filter, show, columns }: Asking<R>,
) {
  yield csvLine(columns)
  for await (const rows of everyPage(db, filter)) {
    if (rows.length === 0) return
    const records = await show(rows)
    yield records.map((record) => csvLine(columns.map((name) => cellOf(record[name])))).join('')
  }
}

const cellOf = (value: unknown): string | number | boolean =>
  typeof value === 'number' || typeof value === 'boolean' ? value : String(value ?? '')
