import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { Payers } from '../../src/ledger/ledger.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { withPostgresSnapshot } from '../../src/storage/postgres/snapshot.ts'
import { createRetention } from '../../src/usage/retention.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { call, openNodes, recordFor, type TestNode, take } from './nodes.ts'
import { openSession } from './sessions.ts'

const DAY_MS = 86_400_000
const PATIENT = { timeout: 60_000 }
/** The first of the month three months ago, and of the two after it. */
const [BEGIN, NEXT, AFTER] = [3, 2, 1].map((ago) => {
  const now = new Date()
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago)
}) as [number, number, number]
const nameOf = (month: number) =>
  `usage_${new Date(month).toISOString().slice(0, 7).replace('-', '_')}`

const failed = (error: unknown) => {
  throw error
}

/** Nodes with two months of usage of one payer, all of it summed. */
async function openUsed(count: number) {
  const nodes = await openNodes(count)
  const { at, database } = nodes
  const create = (from: number, until: number) =>
    `create table ${nameOf(from)} partition of usage for values from (${from}) to (${until});`
  await database.tamper(`${create(BEGIN, NEXT)} ${create(NEXT, AFTER)}`)
  const payers = await nodes.payers({ id: 1, key: 1_000_000, account: 1_000_000, budget: 100_000 })
  const use = async (createdAt: number) => {
    const got = await take(at(0).ledger, payers, 10)
    if (isShort(got)) throw new Error('short')
    await got.settle(units(7), { ...recordFor(payers), created_at_ms: createdAt })
  }
  for (let n = 0; n < 40; n++) await use(BEGIN + n * (DAY_MS / 2))
  for (let n = 0; n < 20; n++) await use(NEXT + n * DAY_MS)
  const sum = async () => {
    const rollUp = createRollUp({ store: at(0).store, failed })
    await rollUp.run()
    await rollUp.close()
  }
  await sum()
  return { ...nodes, payers, use, sum }
}

/** A round that keeps what is younger than a time. */
function retention({ store }: TestNode, before: number) {
  const settings = { get: () => 1 as never }
  const rounds = createRetention({ store, settings, now: () => before + DAY_MS, failed })
  onTestFinished(() => rounds.close())
  return rounds
}

type Used = Awaited<ReturnType<typeof openUsed>>

const months = async ({ database }: Pick<Used, 'database'>) =>
  (
    await database.rows(`select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = 'usage'::regclass and relname <= '${nameOf(NEXT)}' order by relname`)
  ).map(({ relname }) => relname)
const left = async ({ database }: Pick<Used, 'database'>) =>
  Number((await database.rows('select count(*) as n from usage'))[0]?.n)
const taken = async ({ database }: Pick<Used, 'database'>, { account }: Payers) =>
  (await database.rows(`select taken, requests from closed where entity = ${account}`)).map(
    (row) => [Number(row.taken), Number(row.requests)],
  )

it('a month that is over goes as a whole, days of the next one row by row, and the books stay right', async () => {
  const used = await openUsed(1)
  const before = await used.whole(used.payers.account)
  await retention(used.at(0), NEXT + 5.5 * DAY_MS).run()
  expect(await months(used)).toEqual([nameOf(NEXT)])
  expect(await left(used)).toBe(14)
  expect(await taken(used, used.payers)).toEqual([[46 * 7, 46]])
  expect(await used.whole(used.payers.account)).toBe(before)
  expect(await used.database.doctor()).toEqual([])
  await retention(used.at(0), AFTER).run()
  expect(await months(used)).toEqual([])
  expect(await taken(used, used.payers)).toEqual([[60 * 7, 60]])
  // Ids go on, and what is used now is summed.
  await used.use(Date.now())
  await used.sum()
  expect(await used.database.rows('select sum(requests)::int as n from usage_hour')).toEqual([
    { n: 61 },
  ])
})

it('a month stays while records of it are not summed, and nothing of it goes row by row', async () => {
  const used = await openUsed(1)
  await used.use(BEGIN)
  await retention(used.at(0), NEXT).run()
  expect([await months(used), await left(used)]).toEqual([[nameOf(BEGIN), nameOf(NEXT)], 61])
  await used.sum()
  await retention(used.at(0), NEXT).run()
  expect([await months(used), await left(used)]).toEqual([[nameOf(NEXT)], 20])
})

it('nodes that do it at the same time, under load, count each record once', PATIENT, async () => {
  const used = await openUsed(3)
  const { nodes, payers } = used
  const spent = Array.from({ length: 8 }, async (_, n) => {
    const node = nodes[n % nodes.length] as TestNode
    for (let time = 0; time < 25; time++)
      expect(await call(node, payers, { amount: 3 })).toBe('served')
  })
  await Promise.all([...nodes.map((node) => retention(node, NEXT + 5.5 * DAY_MS).run()), ...spent])
  // One that found another at it left the rest for its next round.
  await retention(used.at(0), NEXT + 5.5 * DAY_MS).run()
  expect(await months(used)).toEqual([nameOf(NEXT)])
  expect(await left(used)).toBe(14 + 8 * 25)
  expect(await taken(used, payers)).toEqual([[46 * 7, 46]])
  expect(await used.database.doctor()).toEqual([])
})

it('whoever reads for long holds up the month, and no call', PATIENT, async () => {
  const used = await openUsed(1)
  const reader = await openSession(used.database.config.databaseUrl ?? '')
  await reader.client.query('begin')
  await reader.client.query('select count(*) from usage')
  const round = retention(used.at(0), NEXT).run()
  const slowest = { ms: 0 }
  for (const end = performance.now() + 3_000; performance.now() < end; ) {
    const beganAt = performance.now()
    expect(await call(used.at(0), used.payers, { amount: 1 })).toBe('served')
    slowest.ms = Math.max(slowest.ms, performance.now() - beganAt)
  }
  expect(slowest.ms).toBeLessThan(500)
  expect(await months(used)).toContain(nameOf(BEGIN))
  expect(await taken(used, used.payers)).toEqual([])
  await reader.client.query('rollback')
  await round
  expect(await months(used)).toEqual([nameOf(NEXT)])
})

it('the doctor sees the books of one moment', PATIENT, async () => {
  const used = await openUsed(1)
  let round: Promise<void> | undefined
  await withPostgresSnapshot(used.database.config.databaseUrl ?? '', async ({ rows }) => {
    // The first look makes the snapshot; the month must not go before the last one.
    expect([...(await rows('select * from closed'))]).toEqual([])
    round = retention(used.at(0), NEXT).run()
    await pause(1_500)
    expect([...(await rows('select count(*) as n from usage'))]).toEqual([{ n: 60n }])
  })
  await round
  expect(await months(used)).toEqual([nameOf(NEXT)])
})

it('a program that ends leaves the month and its books as they were', PATIENT, async () => {
  const used = await openUsed(1)
  const reader = await openSession(used.database.config.databaseUrl ?? '')
  await reader.client.query('begin')
  await reader.client.query('select count(*) from usage')
  const rounds = retention(used.at(0), NEXT)
  const round = rounds.run()
  await pause(500)
  const beganAt = performance.now()
  await rounds.close()
  await round
  expect(performance.now() - beganAt).toBeLessThan(3_000)
  await reader.client.query('rollback')
  expect([await months(used), await left(used)]).toEqual([[nameOf(BEGIN), nameOf(NEXT)], 60])
  expect(await taken(used, used.payers)).toEqual([])
})
