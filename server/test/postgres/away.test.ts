import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { CannotOpen } from '../../src/storage/failures.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { asking } from '../tools/calls.ts'
import { startServer } from '../tools/cluster.ts'
import { newDatabaseOn } from '../tools/database.ts'
import { newAdminToken, startGateway, type TestGateway } from '../tools/gateway.ts'

/** A server that these tests may stop, fill and forbid to write. */
const { server, cluster } = await startServer({ synchronous_commit: 'on', max_connections: '50' })
afterAll(() => server.stop())

const SECRET = 'a root secret for the tests of bad days'
/** A node reserves for so long after its last call that the ledger took. */
const FENCE_MS = 10_000

/** Gateways on one new database, a model and a key that all know. */
async function openGateways(count: number) {
  const database = await newDatabaseOn(cluster)
  const shared = { database, adminToken: newAdminToken(), config: { secret: SECRET } }
  const first = await startGateway(shared)
  const gateways = [first]
  while (gateways.length < count) gateways.push(await startGateway(shared))
  const model = await first.offer('model')
  const { key, id } = await first.createKey({ remain_quota: 1e9 })
  const call = (gateway: TestGateway) => gateway.call(asking(model, { max_tokens: 20 }), key)
  for (const gateway of gateways) {
    await expect.poll(() => call(gateway).then(({ status }) => status)).toBe(200)
  }
  onTestFinished(async () => {
    for (const gateway of gateways.reverse()) await gateway.close()
    expect(await database.rows('select * from hold')).toEqual([])
    await database.remove()
  })
  return { database, gateways, first, call, key, id }
}

/** A session with the server that needs no database of ours. */
async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

it('while PostgreSQL is away calls go on for the fence at most, then hear so; and it comes back by itself', {
  timeout: 90_000,
}, async () => {
  const { database, gateways, first, call, id } = await openGateways(2)
  const seen: { from: number; to: number; answer: Awaited<ReturnType<typeof call>> }[] = []
  let on = true
  const clients = Array.from({ length: 6 }, async (_, n) => {
    while (on) {
      const from = performance.now()
      const answer = await call(gateways[n % 2] ?? first)
      seen.push({ from, to: performance.now(), answer })
      await pause(answer.status === 200 ? 0 : 50)
    }
  })
  await pause(500)
  const goneAt = performance.now()
  await server.halt()
  await pause(FENCE_MS + 3_000)
  const backAt = performance.now()
  await server.resume()
  const statusOf = async (gateway: TestGateway) => (await call(gateway)).status
  for (const gateway of gateways) {
    await expect.poll(() => statusOf(gateway), { timeout: 10_000 }).toBe(200)
  }
  on = false
  await Promise.all(clients)

  const others = seen.filter(({ answer }) => answer.status !== 200)
  const said = new Set(others.map(({ answer }) => `${answer.status} ${answer.json.error.code}`))
  expect([...said]).toEqual(['503 ledger_unavailable'])
  const fenced = seen.filter(({ from, to }) => from > goneAt + FENCE_MS + 500 && to < backAt)
  expect(fenced.length).toBeGreaterThan(20)
  expect(fenced.every(({ from, to, answer }) => answer.status === 503 && to - from < 500)).toBe(
    true,
  )

  // Whoever had units waits for the charge, as long as an answer is held back; whoever waits for units, as long as the fence.
  expect(Math.max(...seen.map(({ from, to }) => to - from))).toBeLessThan(FENCE_MS + 2_000)

  const complete = seen.filter(({ answer }) => answer.status === 200)
  const rows = await database.rows('select request_id, quota::int as quota from usage')
  const quotas = new Map(rows.map(({ request_id, quota }) => [request_id, quota]))
  expect(quotas.size).toBe(rows.length)
  for (const { answer } of complete) {
    expect(quotas.get(answer.requestId)).toBe(Number(answer.headers.get('x-turnpike-cost')))
  }
  // What clients were told had failed costs nothing, as soon as it could be written.
  const paid = complete.reduce((sum, { answer }) => sum + Number(quotas.get(answer.requestId)), 0)
  const spent = async () => 1e9 - (await first.keyRecord(id)).remain_quota - paid
  const outside = await spent()
  expect(outside).toBeGreaterThanOrEqual(0)
  expect(outside).toBeLessThanOrEqual(8 * Number(rows[0]?.quota))
})

it('where all connections are taken a running gateway goes on, and one that starts says why it can’t', {
  timeout: 60_000,
}, async () => {
  const { database, first, call } = await openGateways(1)
  const url = database.config.databaseUrl ?? ''
  const taken: Client[] = []
  let last: unknown
  while (last === undefined) {
    await openClient(cluster.url).then(
      (client) => void taken.push(client),
      (failure: unknown) => {
        last = failure
      },
    )
  }
  expect(taken.length).toBeGreaterThan(5)
  expect((await call(first)).status).toBe(200)
  const refused = await openPostgresStore({ url, patienceMs: 1_500 }).catch(
    (error: unknown) => error,
  )
  expect(refused).toBeInstanceOf(CannotOpen)
  expect(String(refused)).toMatch(/too many clients|connection slots/)
  // With one or two it gets further, and must say the same.
  for (const free of [1, 2, 3]) {
    await taken.pop()?.end()
    await pause(100)
    const stopped = await openPostgresStore({ url, patienceMs: 1_500 }).then(
      (store) => store.close(),
      (error: unknown) => error,
    )
    if (stopped !== undefined)
      expect([free, String(stopped)]).toEqual([
        free,
        expect.stringMatching(/can't open the database/),
      ])
  }
  await Promise.all(taken.map((client) => client.end()))
  expect((await call(first)).status).toBe(200)
  await (await openPostgresStore({ url })).close()
})

it('where the database may not be written callers hear so, none waits for ever, and it comes back by itself', {
  timeout: 60_000,
}, async () => {
  const { database, first, call } = await openGateways(1)
  const url = database.config.databaseUrl ?? ''
  const name = new URL(url).pathname.slice(1)
  const client = await openClient(cluster.url)
  onTestFinished(() => client.end())
  const readOnly = async (value: 'on' | 'off') => {
    await client.query(`alter database ${name} set default_transaction_read_only = ${value}`)
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    )
  }
  await readOnly('on')
  const beganAt = performance.now()
  const answers = await Promise.all(Array.from({ length: 4 }, () => call(first)))
  for (const { status, json } of answers) {
    expect([status, json.error.code]).toEqual([503, 'ledger_unavailable'])
  }
  expect(performance.now() - beganAt).toBeLessThan(2 * FENCE_MS)
  const refused = await openPostgresStore({ url, patienceMs: 1_500 }).catch(
    (error: unknown) => error,
  )
  expect(refused).toBeInstanceOf(CannotOpen)
  expect(String(refused)).toMatch(/read-only/)
  await readOnly('off')
  await expect.poll(() => call(first).then(({ status }) => status), { timeout: 15_000 }).toBe(200)
})

it('a node that is started while PostgreSQL is away waits for it, says so once, and starts when it is back', {
  timeout: 60_000,
}, async () => {
  const { database, first, call } = await openGateways(1)
  const said: string[] = []
  const log = { error: () => undefined, info: (_: object, text: string) => void said.push(text) }
  await server.halt()
  let opened = false
  const opening = openPostgresStore({ url: database.config.databaseUrl ?? '', log }).then(
    (store) => {
      opened = true
      return store
    },
  )
  await pause(3_000)
  expect(opened).toBe(false)
  expect(said).toEqual(['waiting for the database'])
  await server.resume()
  const store = await opening
  expect(store.accepting()).toBe(true)
  await store.close()
  await expect.poll(() => call(first).then(({ status }) => status), { timeout: 15_000 }).toBe(200)
})
