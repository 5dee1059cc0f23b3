import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { blankDatabase } from '../tools/database.ts'
import { type PoolerOptions, startPooler } from '../tools/pooler.ts'
import { int32 } from '../tools/postgres-messages.ts'
import { cancelAt } from '../tools/server-connection.ts'
import { openSession } from './sessions.ts'

/** What a pooler in transaction mode does to its clients, whether it is PgBouncer or the one of these tests. */

async function pooled(options: Partial<PoolerOptions> = {}) {
  const { url } = await blankDatabase()
  const pooler = await startPooler(url, { connections: 3, isRoundRobin: true, ...options })
  onTestFinished(pooler.halt)
  return { url, pooler, open: async () => (await openSession(pooler.url)).client }
}

const settingOf = async (client: Client, setting: string) =>
  (await client.query(`select current_setting('${setting}') as value`)).rows[0]?.value
const pidOf = async (client: Client) =>
  Number((await client.query('select pg_backend_pid() as pid')).rows[0]?.pid)

it('each transaction gets a connection, and keeps it to its end', async () => {
  const { open } = await pooled()
  const [one, other, third] = [await open(), await open(), await open()]
  await Promise.all([one, other, third].map((client) => client.query('select pg_sleep(0.2)')))
  const pids = new Set<number>()
  for (let n = 0; n < 6; n++) pids.add(await pidOf(one))
  expect(pids.size).toBe(3)
  await one.query('begin')
  const own = await pidOf(one)
  for (let n = 0; n < 6; n++) {
    expect(await pidOf(other)).not.toBe(own)
    expect(await pidOf(one)).toBe(own)
  }
  await one.query('commit')
})

it('who finds no connection free waits for the end of a transaction', async () => {
  const { open } = await pooled({ connections: 1 })
  const [one, other] = [await open(), await open()]
  await one.query('begin')
  let isServed = false
  const waiting = pidOf(other).then(() => {
    isServed = true
  })
  for (let n = 0; n < 5; n++) await pidOf(one)
  expect(isServed).toBe(false)
  await one.query('rollback')
  await waiting
})

it('what is set for a connection meets whoever comes next', async () => {
  const { open } = await pooled({ connections: 1 })
  const [one, other] = [await open(), await open()]
  await one.query(`set statement_timeout = '77s'`)
  expect(await settingOf(other, 'statement_timeout')).toBe('77s')
  await one.query(`begin; set local statement_timeout = '5s'`)
  await one.query('commit')
  expect(await settingOf(other, 'statement_timeout')).toBe('77s')
})

it('a transaction that its client leaves is undone', async () => {
  const { open } = await pooled({ connections: 1 })
  const [one, other] = [await open(), await open()]
  await other.query('create table t (n int)')
  await one.query('begin')
  await one.query('insert into t values (1)')
  await one.end()
  expect((await other.query('select * from t')).rows).toEqual([])
})

it('a start with a wrong password or with a parameter that it does not know is refused', async () => {
  const { pooler } = await pooled()
  const wrong = Object.assign(new URL(pooler.url), { password: 'wrong' }).href
  await expect(new Client({ connectionString: wrong }).connect()).rejects.toThrow(/password/)
  const options = { connectionString: pooler.url, options: '-c jit=off' }
  await expect(new Client(options).connect()).rejects.toThrow(
    'unsupported startup parameter: options',
  )
})

it('a query is cancelled by the key of its client', async () => {
  const { url, pooler, open } = await pooled()
  const [one, other] = [await open(), await open()]
  const asleep = one.query('select pg_sleep(20)').catch(String)
  const kept = other.query(`select pg_sleep(1), 'kept' as what`)
  const { client: direct } = await openSession(url)
  const sleeping = `select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`
  await expect.poll(async () => (await direct.query(sleeping)).rowCount, { timeout: 5_000 }).toBe(2)
  const key = ['processID', 'secretKey'].map((part) => int32(Reflect.get(one, part)))
  await cancelAt(pooler.url, Buffer.concat(key))
  expect(await asleep).toMatch(/cancel/)
  expect((await kept).rows[0]?.what).toBe('kept')
})

it('of notifications only those arrive that come while a transaction runs on the same connection', async () => {
  const { url, open } = await pooled({ connections: 1 })
  const { client: direct } = await openSession(url)
  const [one, other] = [await open(), await open()]
  const heard: string[] = []
  one.on('notification', ({ payload = '' }) => void heard.push(`one ${payload}`))
  other.on('notification', ({ payload = '' }) => void heard.push(`other ${payload}`))
  await one.query('listen news')
  await direct.query(`notify news, 'nobody'`)
  await pause(500)
  await one.query('select 1')
  expect(heard).toEqual([])
  await one.query(`notify news, 'self'`)
  await other.query(`notify news, 'stranger'`)
  expect(heard).toEqual(['one self', 'other stranger'])
})

it('its clients are not told that an idle connection to the server broke', async () => {
  const { url, open } = await pooled({ connections: 1 })
  const one = await open()
  const pid = await pidOf(one)
  const { client: direct } = await openSession(url)
  await direct.query('select pg_terminate_backend($1)', [pid])
  await expect
    .poll(
      async () =>
        (await direct.query('select 1 from pg_stat_activity where pid = $1', [pid])).rowCount,
    )
    .toBe(0)
  // The pooler, too, must have been told.
  await pause(300)
  expect(await pidOf(one)).not.toBe(pid)
})
