import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { StorageUnavailable } from '../../src/storage/failures.ts'
import { inlined } from '../../src/storage/postgres/literal.ts'
import { LOCKS } from '../../src/storage/postgres/locks.ts'
import type { Change } from '../../src/storage/tables.ts'
import { openTestStore } from '../tools/database.ts'

/** A session of somebody else, gone after the test. */
async function openSession(url: string | undefined): Promise<Client> {
  const client = new Client({ connectionString: url ?? '' })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

it.each([
  ['it\'s $1 and \\ and "$2"', 'it\'s $1 and \\ and "$2"'],
  ['a NUL \0 and half a character \ud800', 'a NUL  and half a character \ufffd'],
])('a value arrives as it is: %j', async (value, stored) => {
  const { store } = await openTestStore()
  const row = { name: 'x', value, updated_at: -5 }
  await store.write([store.db.insertInto('setting').values(row)])
  expect(await store.db.selectFrom('setting').selectAll().execute()).toEqual([
    { ...row, value: stored },
  ])
})

it('what looks like a place for a value in a quoted text is none', () => {
  expect(inlined(`select '$1', "a$1", $1, $2, $10`, [1, -2, ...'3456789', 'ten'])).toBe(
    `select '$1', "a$1", 1, (-2), 'ten'`,
  )
  expect(() => inlined('select $1', [Number.NaN])).toThrow(TypeError)
  expect(() => inlined('select $2', [1])).toThrow(TypeError)
})

it('balances that management changed are announced to other nodes', async () => {
  const { store } = await openTestStore()
  const told: Change[] = []
  store.onChange((change) => void told.push(change))
  const row = { entity: 40, remain: 7, used: 0, requests: 0 }
  const opening = store.db.insertInto('balance').values(row).returning(['entity', 'remain'])
  await store.write([opening], [{ kind: 'key', subject: '10' }])
  expect(told).toEqual([
    { kind: 'key', subject: '10' },
    { kind: 'balance', subject: '40' },
  ])
})

it('a write that waits too long for others says so, and the next one works', async () => {
  const { store, database } = await openTestStore()
  const other = await openSession(database.config.databaseUrl)
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock($1)', [LOCKS.write])
  const refused = await store.write([]).catch((failure: unknown) => failure)
  expect(refused).toBeInstanceOf(StorageUnavailable)
  expect(refused).toMatchObject({ passing: true })
  await other.query('rollback')
  expect((await store.write([])).done).toBe(true)
})

it('a write whose connection broke before the answer is not made again', async () => {
  const { store, database } = await openTestStore()
  const other = await openSession(database.config.databaseUrl)
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock($1)', [LOCKS.write])
  const row = { name: 'x', value: '1', updated_at: 0 }
  const asked = store
    .write([store.db.insertInto('setting').values(row)])
    .catch((failure) => failure)
  const broken = `select pg_terminate_backend(pid) as done from pg_locks
    join pg_database on pg_database.oid = pg_locks.database
    where locktype = 'advisory' and not granted and datname = current_database()`
  await expect.poll(async () => (await database.rows(broken)).length).toBe(1)
  expect(await asked).toBeInstanceOf(StorageUnavailable)
  await other.query('rollback')
  await store.write([])
  expect(await store.db.selectFrom('setting').selectAll().execute()).toEqual([])
})

it('two transactions that stand in each other’s way: the write that is undone is made again', async () => {
  const { store, database } = await openTestStore()
  const rows = ['a', 'b'].map((name) => ({ name, value: '0', updated_at: 0 }))
  await store.write([store.db.insertInto('setting').values(rows)])
  const set = (name: string) =>
    store.db.updateTable('setting').set({ value: '1' }).where('name', '=', name)
  const other = await openSession(database.config.databaseUrl)
  await other.query(`set deadlock_timeout = '1min'`)
  await other.query(`begin; update setting set value = '2' where name = 'b'`)
  const asked = store.write([set('a'), set('b')])
  const waits = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  await expect.poll(async () => (await database.rows(waits)).length).toBe(1)
  await other.query(`update setting set value = '2' where name = 'a'`)
  await other.query('commit')
  expect((await asked).done).toBe(true)
})

it('the newest usage record is one before which none is still to come', async () => {
  const { store, database } = await openTestStore()
  const other = await openSession(database.config.databaseUrl)
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock_shared($1)', [LOCKS.usage])
  let isKnown = false
  const newest = store.newestUsage().then((id) => {
    isKnown = true
    return id
  })
  await store.write([])
  expect(isKnown).toBe(false)
  await other.query('commit')
  expect(await newest).toBe(0)
})
