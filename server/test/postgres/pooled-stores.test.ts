import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { runDoctorOn } from '../../src/ledger/doctor.ts'
import { runAlone } from '../../src/storage/postgres/alone.ts'
import { LOCKS } from '../../src/storage/postgres/locks.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { startServer } from '../tools/cluster.ts'
import { blankDatabase, newDatabase, newDatabaseOn } from '../tools/database.ts'
import { leaveOnAll, type Pooler, startPooler } from '../tools/pooler.ts'
import { openSession } from './sessions.ts'

/** What connections that others have used before, and servers that others have chosen, must not do to a store. */

const CONNECTIONS = 6

/** One that prefers the connection that was used last, as PgBouncer does unless told otherwise. */
async function poolerFor(url = ''): Promise<Pooler> {
  const pooler = await startPooler(url, { connections: CONNECTIONS, isRoundRobin: false })
  onTestFinished(pooler.halt)
  return pooler
}

async function openStore(url = '') {
  const said: string[] = []
  const log = { error: (_: object, text: string) => void said.push(text), info: () => undefined }
  const store = await openPostgresStore({ url, log })
  onTestFinished(store.close)
  return { store, said }
}

it('who hears nobody but itself says so, and who hears others does not', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const pooler = await poolerFor(database.config.databaseUrl)
  const straight = await openStore(database.config.databaseUrl)
  const pooled = await openStore(pooler.url)
  await expect
    .poll(() => pooled.said.join(), { timeout: 10_000 })
    .toMatch(/no notifications arrive/)
  expect(straight.said).toEqual([])
})

/** Holds what `statement` locks for a second and a half, longer than anything may take on the pooler's connections. */
async function lockedFor(url: string, statement: string, work: () => Promise<unknown>) {
  const { client } = await openSession(url)
  await client.query(`begin; ${statement}`)
  const working = work()
  await Promise.race([working, pause(1_500)])
  await client.query('rollback')
  return working
}

it('what others have set on connections ends no work that takes its time', async () => {
  const { url } = await blankDatabase()
  const pooler = await poolerFor(url)
  const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  const settings = limits.map((limit) => `set ${limit} = '500ms'`).join('; ')
  await leaveOnAll(pooler, CONNECTIONS, settings)

  const migrating = `select pg_advisory_xact_lock(${LOCKS.migrate})`
  await lockedFor(url, migrating, () => openStore(pooler.url))
  const order: string[] = []
  const alone = ['first', 'second'].map((name) =>
    runAlone(pooler.url, async () => {
      order.push(`${name} begins`)
      await pause(1_500)
      order.push(`${name} ends`)
    }),
  )
  await Promise.all(alone)
  expect(order.map((step) => step.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends'])
  const readByDoctor = 'lock table usage in access exclusive mode'
  expect(await lockedFor(url, readByDoctor, () => runDoctorOn(pooler.url))).toEqual([])
})

it('another server behind the pooler is noticed, though no connection to the pooler broke', {
  timeout: 120_000,
}, async () => {
  const { server, cluster } = await startServer()
  onTestFinished(server.stop)
  const database = await newDatabaseOn(cluster)
  onTestFinished(database.remove)
  const pooler = await poolerFor(database.config.databaseUrl)
  const { store } = await openStore(pooler.url)
  let doubts = 0
  store.onBehind(() => void doubts++)
  await server.halt()
  await server.resume()
  await expect.poll(() => doubts, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(1)
})
