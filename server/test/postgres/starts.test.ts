import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { LOCKS } from '../../src/storage/postgres/locks.ts'
import { startServer } from '../tools/cluster.ts'
import { blankDatabase, type TestDatabase } from '../tools/database.ts'
import { launch, type Program, readied } from '../tools/program.ts'

const { server, cluster } = await startServer()
const running: Program[] = []
afterAll(async () => {
  await Promise.all(running.map((program) => program.end('SIGKILL')))
  await server.stop()
})

const SECRET = randomBytes(32).toString('hex')
const STARTED = { timeout: 90_000, interval: 50 }

async function start(environment: Record<string, string>): Promise<Program> {
  const program = await launch({ TURNPIKE_SECRET: SECRET, ...environment })
  running.push(program)
  return program
}

async function emptyDatabase() {
  const database = await blankDatabase(cluster)
  const { url, config } = database
  return { database, url, environment: { TURNPIKE_DATA: config.dataFolder, DATABASE_URL: url } }
}

/** Lines that begin with a brace are of the log. */
const linesOf = (program: Program) => program.printed().trimEnd().split('\n')
const logOf = (program: Program): Record<string, unknown>[] =>
  linesOf(program).flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))

/** Nobody is there, and nobody comes. Half a minute is long: both wait while the other tests run. */
const AWAY = 'postgres://turnpike:hunter2@127.0.0.1:9/turnpike'
const inVain = await Promise.all(
  ['1', '3'].map(async (workers) => {
    const startedAt = performance.now()
    const program = await start({ DATABASE_URL: AWAY, TURNPIKE_WORKERS: workers })
    const waited = program.ended.then(() => performance.now() - startedAt)
    return { program, waited }
  }),
)

/** Notes which transaction made which object. */
const NOTE_WHAT_IS_MADE = `
  create schema watch;
  create table watch.made (transaction bigint, object text);
  create function watch.note() returns event_trigger language plpgsql as $$ begin
    insert into watch.made select txid_current(), object_identity from pg_event_trigger_ddl_commands();
  end $$;
  create event trigger note on ddl_command_end execute function watch.note()`

/** Holds what a migration waits for. */
async function holdMigrations(url: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query('select pg_advisory_lock($1)', [LOCKS.migrate])
  return () => client.query('select pg_advisory_unlock($1)', [LOCKS.migrate])
}

const waitingIn = async ({ rows }: TestDatabase) =>
  (
    await rows(`select pid from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`)
  ).length

it('of three programs that are started at once on an empty database one migrates, and all come up', {
  timeout: 180_000,
}, async () => {
  const { database, url, environment } = await emptyDatabase()
  await database.tamper(NOTE_WHAT_IS_MADE)
  const letGo = await holdMigrations(url)
  const programs = await Promise.all([1, 2, 3].map(() => start(environment)))
  // All of them have seen that there is nothing yet.
  await expect.poll(() => waitingIn(database), STARTED).toBe(3)
  expect(await database.rows('select * from watch.made')).toEqual([])
  await letGo()
  await Promise.all(programs.map(readied))

  const made = await database.rows(
    `select count(distinct transaction)::int as transactions, count(*) > 100 as everything
      from watch.made where object !~ '^public\\.usage_\\d{4}_\\d{2}'`,
  )
  expect(made).toEqual([{ transactions: 1, everything: true }])
  const months = `select object from watch.made where object ~ '^public\\.usage_\\d{4}_\\d{2}$'
    group by object having count(*) = 1`
  expect(await database.rows(months)).toHaveLength(3)
  for (const { printed } of programs) expect(printed()).toMatch(/ listens at /)
  expect(programs.filter(({ printed }) => /Access token/.test(printed()))).toHaveLength(1)
  expect(await database.rows('select username from account')).toEqual([{ username: 'admin' }])
  expect(await database.rows('select distinct url from node')).toHaveLength(3)
  for (const program of programs) expect(await program.end()).toBe(0)
})

it('a start while the database is away waits, says once for what, and goes on when it is back', {
  timeout: 180_000,
}, async () => {
  const { url, environment } = await emptyDatabase()
  const { password, host } = new URL(url)
  await server.halt()
  const program = await start(environment)
  await program.prints('waiting for the database')
  expect(program.printed()).not.toContain('listens at')
  await server.resume()
  await readied(program)
  await program.prints('Access token')
  const waits = logOf(program).filter(({ msg }) => msg === 'waiting for the database')
  expect(waits).toMatchObject([
    {
      database: url.replace(`:${password}@`, '@'),
      reason: `connect ECONNREFUSED ${host}`,
    },
  ])
  expect(program.printed()).not.toContain(password)
  expect(await program.end()).toBe(0)
})

it.each([
  ['a program', 0],
  ['one with workers', 1],
] as const)(
  '%s that waits in vain ends after half a minute, and says once why',
  async (_, index) => {
    const { program, waited } = inVain[index] as (typeof inVain)[number]
    expect(await program.ended).toBe(1)
    expect(await waited).toBeGreaterThan(25_000)
    const named = 'postgres://turnpike@127.0.0.1:9/turnpike'
    const reason = 'connect ECONNREFUSED 127.0.0.1:9'
    const [first = '', ...others] = linesOf(program)
    expect(JSON.parse(first)).toMatchObject({
      database: named,
      reason,
      msg: 'waiting for the database',
    })
    expect(others).toEqual([`can't open the database ${named}: ${reason}`])
  },
  60_000,
)

it.each(['1', '3'])(
  'whoever stops a start that waits does not wait for it: %s',
  async (workers) => {
    const program = await start({ DATABASE_URL: AWAY, TURNPIKE_WORKERS: workers })
    await program.prints('waiting for the database')
    const startedAt = performance.now()
    expect(await program.end()).toBe(1)
    // It would have waited half a minute.
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    expect(linesOf(program).slice(1)).toEqual([expect.stringMatching(/^can't open the database /)])
  },
  60_000,
)

it('a worker whose parent is killed before it listens ends, too', {
  timeout: 180_000,
}, async () => {
  const { database, url, environment } = await emptyDatabase()
  const letGo = await holdMigrations(url)
  const program = await start({ ...environment, TURNPIKE_WORKERS: '2' })
  await expect.poll(() => waitingIn(database), STARTED).toBe(1)
  program.signal('SIGKILL')
  await letGo()
  // Its output ends with the last process that has it.
  expect(await program.ended).toBe(null)
})
