import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { inject, onTestFinished } from 'vitest'
import type { Config } from '../../src/config.ts'
import { type Finding, runDoctorOn } from '../../src/ledger/doctor.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import type { Store } from '../../src/storage/store.ts'
import { databaseIn, findingsIn } from './books.ts'
import type { Cluster } from './cluster.ts'

/** A database for one test or file, of the kind that this run of the tests is for. */
export interface TestDatabase {
  /** How a gateway finds it. */
  readonly config: Pick<Config, 'dataFolder' | 'databaseUrl'>
  open(): Promise<Store>
  /** What is wrong with its books; also while a gateway runs. */
  doctor(): Promise<readonly Finding[]>
  /** Behind the gateway's back, and against the checks of the tables if need be. */
  tamper(statements: string): Promise<void>
  rows(query: string): Promise<readonly Record<string, unknown>[]>
  /** Everything it stores, as it is stored. */
  stored(): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]>
  remove(): Promise<void>
}

/** Where the server of this run is; undefined when it is for SQLite. */
const cluster = inject('cluster')
/** Whether this run of the tests is for PostgreSQL. */
export const onPostgres = cluster !== undefined

/** A new one, empty but for its schema. A data folder that is given is not removed. */
export async function newDatabase(given?: string): Promise<TestDatabase> {
  return newDatabaseFrom(cluster, given)
}

/** A new one on a PostgreSQL of the test's own. */
export const newDatabaseOn = (own: Cluster): Promise<TestDatabase> => newDatabaseFrom(own)

async function newDatabaseFrom(from: Cluster | undefined, given?: string): Promise<TestDatabase> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'turnpike-test-'))
  const removeFolder = () => {
    if (given === undefined) rmSync(folder, { recursive: true, force: true })
  }
  return from === undefined
    ? sqliteIn(folder, removeFolder)
    : postgresOf(from, folder, removeFolder)
}

/** A SQLite database, whatever this run of the tests is for; gone after the test. */
export async function fileDatabase(): Promise<TestDatabase> {
  const database = await newDatabaseFrom(undefined)
  onTestFinished(database.remove)
  return database
}

/** One that no gateway was ever started on. */
export const newBlankDatabase = (on: Cluster | undefined = cluster): Promise<TestDatabase> =>
  newDatabaseFrom(on && { ...on, template: 'template0' })

/** A PostgreSQL database without anything in it, gone after the test. */
export async function blankDatabase(
  on: Cluster | undefined = cluster,
): Promise<TestDatabase & { readonly url: string }> {
  if (on === undefined) throw new Error('this run of the tests is for SQLite')
  const database = await newBlankDatabase(on)
  onTestFinished(database.remove)
  return { ...database, url: database.config.databaseUrl ?? '' }
}

/** A store on a database of its own, both gone after the test. */
export async function openTestStore(): Promise<{ store: Store; database: TestDatabase }> {
  const database = await newDatabase()
  const store = await database.open()
  onTestFinished(async () => {
    await store.close()
    await database.remove()
  })
  return { store, database }
}

function sqliteIn(folder: string, removeFolder: () => void): TestDatabase {
  const using = <T>(use: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(databaseIn(folder), { timeout: 5_000 })
    try {
      return use(database)
    } finally {
      database.close()
    }
  }
  return {
    config: { dataFolder: folder, databaseUrl: undefined },
    open: () => openSqliteStore({ path: join(folder, 'turnpike.sqlite'), durability: 'process' }),
    doctor: () => findingsIn(folder),
    tamper: async (statements) =>
      using((database) => database.exec(`pragma ignore_check_constraints = on; ${statements}`)),
    rows: async (query) => using((database) => database.prepare(query).all()),
    stored: async () =>
      readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) })),
    remove: async () => removeFolder(),
  }
}

const TABLES = `select tablename as name from pg_tables where schemaname = 'public'`
/** A table a transaction: what locks several of them at once can be undone for a gateway that runs beside it. */
const DROP_CHECKS = `do $$ declare one record; begin
  for one in select conrelid::regclass as named, conname from pg_constraint
    where contype = 'c' and conrelid <> 0 and coninhcount = 0
  loop execute format('alter table %s drop constraint %I', one.named, one.conname); commit; end loop;
end $$`

async function postgresOf(
  { url: serverUrl, template }: Cluster,
  folder: string,
  removeFolder: () => void,
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
  const query = async (at: string, text: string) => {
    const client = new Client({ connectionString: at })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }
  await query(serverUrl, `create database ${name} template ${template}`)
  return {
    config: { dataFolder: folder, databaseUrl: url },
    open: () => openPostgresStore({ url }),
    doctor: () => runDoctorOn(url),
    async tamper(statements) {
      await query(url, DROP_CHECKS)
      await query(url, statements)
    },
    rows: (text) => query(url, text),
    async stored() {
      const tables = await query(url, TABLES)
      return Promise.all(
        tables.map(async (table) => {
          const rows = await query(url, `select one::text from "${table.name}" as one`)
          return { name: String(table.name), bytes: Buffer.from(JSON.stringify(rows)) }
        }),
      )
    },
    async remove() {
      await query(serverUrl, `drop database ${name} with (force)`)
      removeFolder()
    },
  }
}
