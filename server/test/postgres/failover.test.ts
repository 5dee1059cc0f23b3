import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { runDoctorOn } from '../../src/ledger/doctor.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { CannotOpen } from '../../src/storage/failures.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { startServer } from '../tools/cluster.ts'
import { newDatabaseOn } from '../tools/database.ts'
import { startAddress } from './address.ts'
import { call, know, recordFor, type TestNode, take } from './nodes.ts'

const CLIENTS = 8
const COST = 5
const RICH = 10_000_000
/** A refund that finds no charge looks again each second. */
const LOOKED_MS = 2_500
const PAYERS = {
  ...{ key: keyEntity(1), account: accountEntity(1) },
  ...{ keyUnlimited: false, accountUnlimited: false, budgets: [] },
}

async function run(url: string, ...statements: readonly string[]) {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const answers = []
    for (const statement of statements) answers.push(await client.query(statement))
    return answers.at(-1)?.rows ?? []
  } finally {
    await client.end()
  }
}

/** A primary, its standby, and two nodes on an address of the primary's. */
async function openPair() {
  const { server, cluster } = await startServer({ synchronous_commit: 'on' })
  const database = await newDatabaseOn(cluster)
  const standby = await server.startStandby()
  onTestFinished(async () => {
    await standby.stop()
    await server.stop()
  })
  const url = database.config.databaseUrl ?? ''
  const standbyUrl = standby.urlOf(new URL(url).pathname.slice(1))
  const address = await startAddress(url)
  const nodes: TestNode[] = []
  for (let n = 0; n < 2; n++) {
    const store = await openPostgresStore({ url: address.url })
    if (store.loans === undefined) throw new Error('this test is about PostgreSQL')
    const ledger = createSharedLedger({ store, loans: store.loans, now: Date.now })
    nodes.push({ store, loans: store.loans, ledger, close: () => store.close() })
  }
  onTestFinished(() => Promise.all(nodes.map((node) => node.close())).then(() => undefined))
  return { database, url, standbyUrl, address, nodes }
}

/** Calls that go on until they are told to stop; what was served is what clients saw complete. */
function keepServing(nodes: readonly TestNode[]) {
  let stopped = false
  let served = 0
  const client = async (node: TestNode) => {
    while (!stopped) {
      const answer = await call(node, PAYERS, { amount: 50, cost: COST }).catch(() => 'refused')
      if (answer === 'served') served++
      // Who is refused at once leaves the others, and the nodes, their turn.
      else await pause(10)
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(nodes[n % 2] as TestNode))
  return {
    served: () => served,
    async stop() {
      stopped = true
      await Promise.all(clients)
    },
  }
}

const following = (url: string) =>
  run(url, `select 1 from pg_stat_replication where state = 'streaming'`)

it.each([
  { how: 'has confirmed every commit', loses: false },
  { how: 'has missed the last commits', loses: true },
])(
  'where a standby that $how is promoted, both nodes go on, and the books are right',
  {
    timeout: 90_000,
  },
  async ({ loses }) => {
    const { url, standbyUrl, address, nodes } = await openPair()
    const [first] = nodes as [TestNode]
    const opening = { actor: 'test', seconds: 1, amount: RICH }
    await expect.poll(() => following(url), { timeout: 10_000 }).toHaveLength(1)
    await run(url, `alter system set synchronous_standby_names = '*'`, 'select pg_reload_conf()')
    await first.store.write([
      ...openBalance(first.store, { ...opening, entity: PAYERS.key }),
      ...openBalance(first.store, { ...opening, entity: PAYERS.account }),
    ])
    for (const { ledger } of nodes) know(ledger, PAYERS, { key: RICH, account: RICH })

    const refused = await openPostgresStore({ url: standbyUrl, patienceMs: 1_000 }).catch(
      (failure: unknown) => failure,
    )
    expect(refused).toBeInstanceOf(CannotOpen)
    expect(String(refused)).toMatch(/it is a standby/)

    const clients = keepServing(nodes)
    await expect.poll(clients.served, { timeout: 10_000 }).toBeGreaterThan(100)
    const epochs = nodes.map(({ loans }) => loans.epoch)
    const lost = await take(first.ledger, PAYERS, 50)
    if (isShort(lost)) throw new Error('they are rich')
    if (loses) {
      await run(url, `alter system set synchronous_standby_names = ''`, 'select pg_reload_conf()')
      await run(standbyUrl, `alter system set primary_conninfo = ''`, 'select pg_reload_conf()')
      const before = clients.served()
      await expect.poll(clients.served, { timeout: 10_000 }).toBeGreaterThan(before + 100)
    }
    await lost.settle(units(COST), recordFor(PAYERS))
    address.pointTo('postgres://127.0.0.1:9/')
    await run(standbyUrl, 'select pg_promote()')
    address.pointTo(standbyUrl)
    const before = clients.served()
    await expect.poll(clients.served, { timeout: 20_000 }).toBeGreaterThan(before + 100)
    await clients.stop()
    for (const { ledger } of nodes) await ledger.flush()
    // Its client was told that it failed: it is given back what was charged, which may be nothing any more.
    lost.renounce()
    if (loses) await pause(LOOKED_MS)
    else await first.ledger.flush()
    const refunds = await run(standbyUrl, `select delta::int from entry where kind = 'refund'`)
    expect(refunds).toEqual(loses ? [] : [{ delta: COST }, { delta: COST }])

    const [{ written, distinct, charged }] = await run(
      standbyUrl,
      `select count(*)::int as written, count(distinct request_id)::int as distinct,
      sum(quota)::int as charged from usage`,
    )
    expect(distinct).toBe(written)
    expect(charged).toBe(written * COST)
    if (!loses) {
      expect(written).toBeGreaterThanOrEqual(clients.served())
      expect(nodes.map(({ loans }) => loans.epoch)).toEqual(epochs)
    } else {
      // The nodes noticed that their history is lost, and ended the epochs that had it.
      for (const { loans } of nodes) expect(epochs).not.toContain(loans.epoch)
    }
    for (const node of nodes) await node.close()
    expect(await run(standbyUrl, 'select * from hold')).toEqual([])
    expect(await runDoctorOn(standbyUrl)).toEqual([])
  },
)

it('nodes whose address led to a standby for a while stay at none of its connections, and read nothing from it', {
  timeout: 60_000,
}, async () => {
  const { url, standbyUrl, address, nodes } = await openPair()
  const [{ store }] = nodes as [TestNode]
  const opening = { actor: 'test', seconds: 1, amount: RICH }
  await store.write([
    ...openBalance(store, { ...opening, entity: PAYERS.key }),
    ...openBalance(store, { ...opening, entity: PAYERS.account }),
  ])
  for (const { ledger } of nodes) know(ledger, PAYERS, { key: RICH, account: RICH })
  const clients = keepServing(nodes)
  await expect.poll(clients.served, { timeout: 10_000 }).toBeGreaterThan(100)

  address.pointTo(standbyUrl)
  await expect.poll(() => nodes.some((node) => node.store.healthy())).toBe(false)
  await expect(store.db.selectFrom('balance').select('entity').execute()).rejects.toThrow(
    /it is a standby/,
  )
  await expect(store.write([], [{ kind: 'group', subject: 'refused' }])).rejects.toThrow(
    /it is a standby/,
  )
  address.pointNextTo(url)
  const before = clients.served()
  await expect.poll(clients.served, { timeout: 20_000 }).toBeGreaterThan(before + 100)
  await clients.stop()
  await store.write([], [{ kind: 'group', subject: 'written' }])
  await expect
    .poll(() => nodes.every((node) => node.store.healthy()), { timeout: 10_000 })
    .toBe(true)
  for (const node of nodes) {
    await node.ledger.flush()
    await node.close()
  }
  expect(await run(url, 'select * from hold')).toEqual([])
  expect(await runDoctorOn(url)).toEqual([])
})
