import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { CannotOpen } from '../../src/storage/failures.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { asking } from '../tools/calls.ts'
import { startServer } from '../tools/cluster.ts'
import { newDatabaseOn } from '../tools/database.ts'
import { newAdminToken, startGateway, type TestGateway } from '../tools/gateway.ts'
import {
  badSeconds,
  type ClientPlan,
  callAndNote,
  isComplete,
  keepCalling,
  type SeenCall,
  tally,
} from '../tools/keep-calling.ts'
import { reconcile } from '../tools/reconcile.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'
import { startAddress } from './address.ts'

/** A server that these tests may stop, fill and forbid to write. */
const { server, cluster } = await startServer({ synchronous_commit: 'on', max_connections: '50' })
afterAll(() => server.stop())

type Address = Awaited<ReturnType<typeof startAddress>>
/** Nodes look at each other every 2 s. */
const LOOKED_MS = 2_500
/** So long may a node that lives still wait for an answer when the database is back for others, and more. */
const LATER_MS = 2_000
/** A node whose lanes stand still for 15 s is dead to the others, unless nobody could show that it lives. */
const AWAY_MS = badSeconds(20) * 1_000
/** 1 unit an input token, 4 an output token. */
const USAGE = { prompt: 10, completion: 10 }
const COST = 50
const GIVEN = 1e9
const SECRET = 'a root secret for the tests of bad days'
/** A node reserves for so long after its last call that the ledger took. */
const FENCE_MS = 10_000

/** Gateways on one new database, each with its own way there, a model in two forms and a key that all know, and all that was heard of calls with it. */
async function openGateways(count: number) {
  const database = await newDatabaseOn(cluster)
  const url = database.config.databaseUrl ?? ''
  const adminToken = newAdminToken()
  const addresses: Address[] = []
  const open = async () => {
    const address = await startAddress(url)
    addresses.push(address)
    const behind = { ...database, config: { ...database.config, databaseUrl: address.url } }
    return startGateway({ database: behind, adminToken, config: { secret: SECRET } })
  }
  const first = await open()
  const gateways = [first]
  while (gateways.length < count) gateways.push(await open())
  await first.offer('plain', answers({ usage: USAGE }))
  await first.offer('streamed', streams({ usage: USAGE, events: 4, gapMs: 50 }))
  const { key, id } = await first.createKey({ remain_quota: GIVEN })
  const seen: SeenCall[] = []
  const planOf = (gateway: TestGateway, stream = false): ClientPlan => {
    const asked = asking(stream ? 'streamed' : 'plain', { max_tokens: 20, stream })
    return { payer: 'rich', stream, send: () => gateway.call(asked, key) }
  }
  const call = (gateway: TestGateway) => callAndNote(planOf(gateway), seen)
  for (const gateway of gateways) {
    await expect.poll(() => call(gateway).then(({ status }) => status)).toBe(200)
  }
  onTestFinished(async () => {
    for (const gateway of gateways.reverse()) await gateway.close()
    expect(await database.rows('select * from hold')).toEqual([])
    await database.remove()
  })
  return { database, url, addresses, gateways, first, call, planOf, seen, id }
}

/** What is settled now is on the books, and the node does not hear so before it is cut off. */
async function lose(address: Address | undefined) {
  address?.loseAnswers()
  await pause(300)
  address?.pointTo('postgres://127.0.0.1:9/')
}

/** A session with the server that needs no database of ours. */
async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

it('while PostgreSQL is away calls go on for the fence at most, then hear so; and it comes back by itself', {
  timeout: 90_000 + 2 * AWAY_MS,
}, async ({ annotate }) => {
  const { database, url, addresses, gateways, first, call, planOf, seen, id } =
    await openGateways(2)
  const warm = seen.length
  const stop = new AbortController()
  const clients = Array.from({ length: 8 }, (_, n) => {
    const gateway = gateways[n % 2] ?? first
    return keepCalling(planOf(gateway, n >= 4), seen, stop.signal)
  })
  const epochs = () => database.rows('select epoch from node order by epoch')
  const before = await epochs()
  expect(before).toHaveLength(gateways.length)
  await pause(500)
  // One of them loses its way there sooner, which the other sees, and finds it later.
  const [address, other] = addresses
  await lose(other)
  await pause(LOOKED_MS)
  await lose(address)
  await server.halt()
  const goneAt = performance.now()
  await pause(AWAY_MS)
  const backAt = performance.now()
  await server.resume()
  address?.pointTo(url)
  await pause(LATER_MS)
  other?.pointTo(url)
  const statusOf = async (gateway: TestGateway) => (await call(gateway)).status
  for (const gateway of gateways) {
    await expect.poll(() => statusOf(gateway), { timeout: 10_000 }).toBe(200)
  }
  await pause(1_000)
  stop.abort()
  await Promise.all(clients)

  const said = tally(seen.slice(warm))
  // Gateways that live answer each call: no connection breaks, and a stream that began says how it ended.
  expect(Object.keys(said).toSorted()).toEqual([
    ...['rich 200', 'rich 200 ledger_unavailable', 'rich 503 ledger_unavailable'],
  ])
  const isInStream = ({ status, code }: SeenCall) => status === 200 && code !== ''
  expect(seen.filter(isInStream).every(({ stream }) => stream)).toBe(true)
  const fenced = seen.filter(({ from, to }) => from > goneAt + FENCE_MS + 500 && to < backAt)
  expect(fenced.length).toBeGreaterThan(20)
  expect(fenced.every(({ status }) => status === 503)).toBe(true)
  // At once, but for what a busy machine adds: nobody waits for a ledger that is known to be away.
  const waits = fenced.map(({ from, to }) => to - from).toSorted((a, b) => a - b)
  expect(waits[waits.length >> 1]).toBeLessThan(500)
  expect(waits.at(-1)).toBeLessThan(FENCE_MS / 2)

  // Whoever had units waits for the charge, as long as an answer is held back; whoever waits for units, as long as the fence.
  expect(Math.max(...seen.map(({ from, to }) => to - from))).toBeLessThan(FENCE_MS + 2_000)

  // What waited is all written: each call that the provider served has its record, also if it was told that it failed.
  const records = async () => (await database.rows('select request_id from usage')).length
  const served = first.upstream.calls.length
  await expect.poll(records, { timeout: 20_000, interval: 250 }).toBe(served)
  expect(served).toBeGreaterThan(seen.filter(isComplete).length)
  // What clients were told had failed costs nothing, as soon as it could be written.
  const payers = { rich: { entity: keyEntity(id), given: GIVEN } }
  const expected = { payers, cost: COST }
  const { rich } = await vi.waitFor(() => reconcile(database, seen, expected), {
    ...{ timeout: 20_000, interval: 250 },
  })
  expect(rich).toMatchObject({ broken: 0, unseen: 0 })
  expect((await first.keyRecord(id)).remain_quota).toBe(GIVEN - Number(rich?.spent))
  const refunds = await database.rows('select request_id from correction')
  expect(refunds.length).toBeGreaterThan(0)
  await annotate(JSON.stringify({ said, rich, served, refunds: refunds.length }))

  // It was away for all: neither took the other for dead.
  expect(await epochs()).toEqual(before)
  const all = gateways.flatMap(({ logs }) => logs)
  expect(all.filter((line) => /stood still|for dead/.test(line))).toEqual([])
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
  const heard = await Promise.all(Array.from({ length: 4 }, () => call(first)))
  for (const { status, code } of heard) {
    expect([status, code]).toEqual([503, 'ledger_unavailable'])
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
