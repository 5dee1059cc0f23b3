import { DatabaseSync } from 'node:sqlite'
import { connect } from '../../server/src/storage/postgres/pool.ts'
import type { SqlValue } from '../../server/src/storage/store.ts'

/** A database of a gateway that is not running, for filling it as fast as it goes. */
export interface SeedDatabase {
  readonly dialect: 'sqlite' | 'postgres'
  run(sql: string): Promise<void>
  rows(sql: string): Promise<readonly Record<string, unknown>[]>
  /** Puts rows into a table, each in the order of the columns. */
  insert(table: string, columns: readonly string[], rows: readonly SqlValue[][]): Promise<void>
  /** A source of rows for SQL: `i` from `first` to `last`. */
  series(first: number, last: number): string
  /** Takes the indexes of the table away and says how to make them again: sorting once is faster than finding each place. */
  dropIndexes(table: string): Promise<readonly string[]>
  /** Rows of these months (Unix milliseconds of their begin and end) will come. */
  makeMonth(name: string, begin: number, end: number): Promise<void>
  /** Brings figures for the planner up to date, and closes. */
  close(): Promise<void>
}

export function openSqliteSeed(file: string): SeedDatabase {
  const database = new DatabaseSync(file)
  database.exec('pragma synchronous = off; pragma cache_size = -1000000; pragma temp_store = file')
  const rows = async (sql: string) => database.prepare(sql).all()
  return {
    dialect: 'sqlite',
    run: async (sql) => database.exec(sql),
    rows,
    async insert(table, columns, added) {
      const marks = columns.map(() => '?').join(', ')
      const statement = database.prepare(
        `insert into ${table} (${columns.join(', ')}) values (${marks})`,
      )
      database.exec('begin')
      for (const row of added) statement.run(...row)
      database.exec('commit')
    },
    series: (first, last) =>
      `(with recursive number(i) as (select ${first} union all select i + 1 from number where i < ${last}) select i from number) as n`,
    async dropIndexes(table) {
      const found = await rows(
        `select name, sql from sqlite_master where type = 'index' and tbl_name = '${table}' and sql is not null`,
      )
      for (const { name } of found) database.exec(`drop index ${name}`)
      return found.map(({ sql }) => String(sql))
    },
    makeMonth: async () => undefined,
    async close() {
      database.exec('pragma wal_checkpoint(truncate)')
      database.close()
    },
  }
}

/** The longest step of ten million records. */
const PATIENCE_MS = 3_600_000

export async function openPostgresSeed(url: string): Promise<SeedDatabase> {
  const client = await connect(url, PATIENCE_MS)
  await client.query(
    "set synchronous_commit = off; set maintenance_work_mem = '1GB'; set work_mem = '512MB'",
  )
  const rows = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows
  return {
    dialect: 'postgres',
    run: async (sql) => void (await client.query(sql)),
    rows,
    async insert(table, columns, added) {
      const objects = added.map((row) =>
        Object.fromEntries(row.map((value, at) => [columns[at], value])),
      )
      const names = columns.join(', ')
      await client.query(
        `insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, $1)`,
        [JSON.stringify(objects)],
      )
    },
    series: (first, last) => `generate_series(${first}::bigint, ${last}::bigint) as n(i)`,
    async dropIndexes(table) {
      const found = await rows(
        `select indexname as name, indexdef as sql from pg_indexes
         where schemaname = current_schema() and tablename = '${table}' and not exists (
           select 1 from pg_constraint where conname = indexname)`,
      )
      for (const { name } of found) await client.query(`drop index ${name}`)
      return found.map(({ sql }) => String(sql).replace(' ON ONLY ', ' ON '))
    },
    async makeMonth(name, begin, end) {
      await client.query(
        `create table if not exists ${name} partition of usage for values from (${begin}) to (${end})`,
      )
    },
    async close() {
      for (const table of ['account', 'key']) {
        await client.query(
          `select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`,
        )
      }
      await client.query('vacuum (analyze)')
      await client.end()
    },
  }
}
