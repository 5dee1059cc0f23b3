import { isUtf8 } from 'node:buffer'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CannotOpen } from '../failures.ts'
import { claimOwnership } from '../ownership.ts'
import { openForReading } from '../sqlite-open.ts'
import type { SqlValue } from '../store.ts'

export interface SourceTable {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: number
  /** The highest id that was ever given, deleted rows included; 0 where none was. */
  readonly newestId: number
}

/** A SQLite database as it is at one moment, for copying all of it. */
export interface Source {
  readonly file: string
  readonly tables: readonly SourceTable[]
  /** All rows of a table, each in the order of its columns. */
  rows(table: SourceTable): Iterable<readonly SqlValue[]>
  /** Texts of a column that are no UTF-8, so that reading them changes them. */
  brokenTexts(table: SourceTable, column: string): number
  /** An exact sum, however large. */
  sum(table: string, expression: string): bigint
  readonly meta: ReadonlyMap<string, string>
  /** Begins of the months (Unix milliseconds) that have usage records. */
  usageMonths(): readonly number[]
  close(): void
}

const DATABASE_FILE = 'turnpike.sqlite'
/** The schema's number means another thing on the other side. */
const OWN_META = "name <> 'schema'"
/** More months than a living installation has; records with absurd times must not make a table each. */
const MOST_MONTHS = 240

/**
 * Opens a file, or the one in a data folder, for one read. No gateway may run on it, and none can be started meanwhile:
 * what it wrote later would be lost.
 * @throws OwnedElsewhere, CannotOpen, NewerSchema
 */
export function openSource(path: string): Source {
  const file = fileAt(path)
  const folder = dirname(file)
  // A copy with another name is nobody's.
  const ownership = file === join(folder, DATABASE_FILE) ? claimOwnership(folder) : undefined
  try {
    const database = openForReading(file)
    const close = () => {
      database.close()
      ownership?.release()
    }
    return sourceOf(database, file, close)
  } catch (failure) {
    ownership?.release()
    throw failure
  }
}

function fileAt(path: string): string {
  if (!existsSync(path)) throw new CannotOpen(path, 'there is no such file or folder')
  const file = statSync(path).isDirectory() ? join(path, DATABASE_FILE) : path
  if (!existsSync(file)) throw new CannotOpen(file, 'there is no such file')
  // A link elsewhere must not hide whose file it is.
  return realpathSync(file)
}

function sourceOf(database: DatabaseSync, file: string, close: () => void): Source {
  database.exec('begin')
  const tables = tablesOf(database)
  database.function('turnpike_is_utf8', { deterministic: true }, (bytes) =>
    bytes instanceof Uint8Array && isUtf8(bytes) ? 1 : 0,
  )
  return {
    file,
    tables,
    rows({ name, columns }) {
      const statement = database.prepare(`select ${columns.map(quoted).join(', ')} ${from(name)}`)
      statement.setReturnArrays(true)
      // With arrays asked for, each row is one.
      return statement.iterate() as unknown as Iterable<readonly SqlValue[]>
    },
    brokenTexts({ name }, column) {
      const bytes = `cast(${quoted(column)} as blob)`
      const row = database
        .prepare(
          `select count(*) as broken ${from(name)} and ${quoted(column)} is not null
             and instr(${bytes}, x'00') = 0 and turnpike_is_utf8(${bytes}) = 0`,
        )
        .get()
      return Number(row?.broken)
    },
    sum(table, expression) {
      // SQLite's own sum fails beyond 2^63, which balances of ten thousand generous accounts can reach.
      const statement = database.prepare(
        `select coalesce(sum((${expression}) / 1000000), 0) as millions,
           coalesce(sum((${expression}) % 1000000), 0) as rest from ${quoted(table)}`,
      )
      statement.setReadBigInts(true)
      const row = statement.get()
      return toBigInt(row?.millions) * 1_000_000n + toBigInt(row?.rest)
    },
    meta: metaOf(database),
    usageMonths: () => monthsOf(database),
    close,
  }
}

/** Names come from the schema; some are words of SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const from = (table: string) =>
  `from ${quoted(table)} where ${table === 'meta' ? OWN_META : 'true'}`

/** What triggers on the other side make again by themselves. */
const MADE_AGAIN = new Set(['key_block'])

/** As the file itself lists them, so that a table of a later schema is not forgotten. Indexes may look like tables. */
function tablesOf(database: DatabaseSync): readonly SourceTable[] {
  const names = database
    .prepare(
      "select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%'",
    )
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !MADE_AGAIN.has(name))
    .sort()
  const given = new Map(
    database
      .prepare('select name, seq from sqlite_sequence')
      .all()
      .map(({ name, seq }) => [String(name), Number(seq)]),
  )
  return names.map((name) => {
    const columns = database.prepare(`pragma table_info(${quoted(name)})`).all()
    const { rows } = database.prepare(`select count(*) as rows ${from(name)}`).get() ?? {}
    return {
      name,
      columns: columns.map((column) => String(column.name)),
      rows: Number(rows),
      newestId: given.get(name) ?? 0,
    }
  })
}

function metaOf(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare('select name, value from meta').all()
  return new Map(rows.map(({ name, value }) => [String(name), String(value)]))
}

function monthsOf(database: DatabaseSync): readonly number[] {
  const next = database.prepare(
    'select min(created_at_ms) as at from usage where created_at_ms >= ?',
  )
  const months: number[] = []
  for (let after = 0; months.length < MOST_MONTHS; ) {
    const { at } = next.get(after) ?? {}
    if (at === null || at === undefined) break
    const day = new Date(Number(at))
    after = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1)
    // Beyond the calendar's end.
    if (Number.isNaN(after)) break
    months.push(Date.UTC(day.getUTCFullYear(), day.getUTCMonth()))
  }
  return months
}

const toBigInt = (value: unknown): bigint => (typeof value === 'bigint' ? value : 0n)
