import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { runDoctor } from '../../src/ledger/doctor.ts'
import { CommitQueue } from '../../src/storage/commit-queue.ts'
import { StorageUnavailable } from '../../src/storage/failures.ts'
import type { Gathered } from '../../src/storage/gather.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { createBatchCommit } from '../../src/storage/sqlite-batch.ts'
import { openForWriting } from '../../src/storage/sqlite-open.ts'
import type { Settlement } from '../../src/storage/store.ts'
import { type Batch, packSettlements } from '../../src/storage/wire.ts'
import { temporaryFolder } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'

const KEY = 4
const ACCOUNT = 5
const GRANTED = 1_000_000

const settlement = (n: number): Settlement => ({
  record: recordOf(`call ${n}`),
  cost: 3,
  atMost: 3,
  epoch: 0,
  key: KEY,
  account: ACCOUNT,
  keyUnlimited: false,
  accountUnlimited: false,
  budgets: [],
})

const packed = ({ order, settlements }: Gathered): Batch => ({
  order,
  ...packSettlements(settlements),
})

/** The queue and the batches as they are, in one thread, so that a test can fill the disk under them. */
async function openRig() {
  const file = join(await temporaryFolder(), 'full.db')
  const database = openForWriting(file, 'full')
  onTestFinished(() => database.close())
  for (const entity of [KEY, ACCOUNT]) {
    database.exec(`insert into balance (entity, remain, used, requests) values (${entity}, ${GRANTED}, 0, 0);
      insert into entry (entity, delta, kind, reason, actor, created_at)
      values (${entity}, ${GRANTED}, 'grant', '', '', 1)`)
  }
  const run = createBatchCommit(database, Date.now)
  const sizes: number[] = []
  const clock = { now: 0 }
  const queue = new CommitQueue({
    commit: async (gathered) => {
      sizes.push(gathered.order.length)
      return run(packed(gathered))
    },
    onBalance: () => undefined,
    onChange: () => undefined,
    clock: { ...machineClock, monotonic: () => clock.now },
    retryMs: 5,
  })
  return { file, database, queue, sizes, clock }
}

const pages = (database: DatabaseSync) =>
  Number(database.prepare('pragma page_count').get()?.page_count)
const counted = (database: DatabaseSync) =>
  Number(database.prepare('select count(*) as n from usage').get()?.n)

it('a full disk refuses writes, keeps settlements, and takes each of them once when it has room', async () => {
  const { file, database, queue, clock } = await openRig()
  // SQLite refuses as on a full disk, also in the middle of a transaction.
  database.exec(`pragma max_page_count = ${pages(database) + 3}`)
  const settling = Array.from({ length: 200 }, (_, n) => queue.settle(settlement(n)))
  const refused = await queue
    .write([{ sql: "insert into setting values ('a', '1', 1)", parameters: [], must: false }], [])
    .catch((failure: unknown) => failure)
  expect(refused).toBeInstanceOf(StorageUnavailable)
  expect(String(refused)).toContain('full')
  expect(queue.healthy()).toBe(false)
  expect(queue.accepting()).toBe(true)
  clock.now = 10_000
  expect(queue.accepting()).toBe(false)
  expect(database.prepare('select used from balance where entity = 4').get()).toEqual({ used: 0 })

  database.exec('pragma max_page_count = 1000000')
  const settled = await Promise.all(settling)
  expect(settled.map(({ charged }) => charged)).toEqual(Array.from({ length: 200 }, () => 3))
  expect(queue.healthy()).toBe(true)
  expect(queue.accepting()).toBe(true)
  expect(counted(database)).toBe(200)
  expect(await runDoctor(file)).toEqual([])
})

it('a store that refuses calls finds out by itself that the disk has room again', async () => {
  const { database, queue, sizes } = await openRig()
  // No page can be added to the file, and none is left to be used again.
  database.exec(`pragma max_page_count = ${pages(database)}`)
  const long = 'x'.repeat(100_000)
  const write = () =>
    queue.write(
      [{ sql: "insert into setting values ('a', ?, 1)", parameters: [long], must: false }],
      [],
    )
  await expect(write()).rejects.toBeInstanceOf(StorageUnavailable)
  expect(queue.healthy()).toBe(false)
  while (!queue.healthy()) await pause(1)
  expect(sizes).toEqual([1, 1])
  await queue.close(1_000)
})

it('keeps trying, in the order of calls, and a settlement changed meanwhile is written as changed', async () => {
  const { file, database, queue, sizes } = await openRig()
  database.exec(`pragma max_page_count = ${pages(database)}`)
  const renounced: { -readonly [K in keyof Settlement]: Settlement[K] } = settlement(1)
  const filling = Array.from({ length: 60 }, (_, n) => queue.settle(settlement(n + 100)))
  const settling = queue.settle(renounced)
  while (sizes.length < 3) await pause(1)
  expect(queue.healthy()).toBe(false)
  renounced.cost = 0
  database.exec('pragma max_page_count = 1000000')
  expect(await settling).toEqual({
    charged: 0,
    shortfall: 0,
  })
  await Promise.all(filling)
  expect(await runDoctor(file)).toEqual([])
})

it('a store that closes on a disk that never recovers says which calls are not on the books', async () => {
  const logged: unknown[] = []
  const queue = new CommitQueue({
    commit: async () => ({ durable: false, because: 'disk full' }),
    onBalance: () => undefined,
    onChange: () => undefined,
    log: { error: (detail, message) => logged.push({ ...detail, message }) },
    clock: { ...machineClock, monotonic: () => 0 },
    retryMs: 5,
  })
  const settling = expect(queue.settle(settlement(7))).rejects.toThrow('stopped')
  await queue.close(20)
  await settling
  expect(logged).toContainEqual(
    expect.objectContaining({ calls: ['call 7'], message: 'settlements were not written' }),
  )
  await expect(queue.settle(settlement(8))).rejects.toThrow('closed')
})

it('everything that waits while a commit runs is the next commit', async () => {
  const { database } = await openRig()
  const run = createBatchCommit(database, Date.now)
  const batches: number[] = []
  const gates: (() => void)[] = []
  const queue = new CommitQueue({
    commit: async (gathered) => {
      const batch = packed(gathered)
      batches.push(gathered.settlements.length)
      await new Promise<void>((resolve) => gates.push(resolve))
      return run(batch)
    },
    onBalance: () => undefined,
    onChange: () => undefined,
    clock: { ...machineClock, monotonic: () => 0 },
  })
  const work = [queue.settle(settlement(0))]
  while (gates.length < 1) await pause(1)
  for (let n = 1; n <= 100; n++) work.push(queue.settle(settlement(n)))
  gates[0]?.()
  while (gates.length < 2) await pause(1)
  gates[1]?.()
  await Promise.all(work)
  expect(batches).toEqual([1, 100])
  expect(counted(database)).toBe(101)
})

it('a disk that neither takes nor refuses counts as failing after ten seconds, until it answers', async () => {
  const { database } = await openRig()
  const run = createBatchCommit(database, Date.now)
  const clock = { now: 0 }
  const stalled = Promise.withResolvers<void>()
  const queue = new CommitQueue({
    commit: async (gathered) => {
      const batch = packed(gathered)
      await stalled.promise
      return run(batch)
    },
    onBalance: () => undefined,
    onChange: () => undefined,
    clock: { ...machineClock, monotonic: () => clock.now },
  })
  const settling = queue.settle(settlement(1))
  await pause(10)
  clock.now = 9_999
  expect([queue.accepting(), queue.healthy()]).toEqual([true, true])
  clock.now = 10_000
  expect([queue.accepting(), queue.healthy()]).toEqual([false, false])
  stalled.resolve()
  await settling
  expect([queue.accepting(), queue.healthy()]).toEqual([true, true])
})

it('lets so many settlements wait and no more, and takes each that it let in', async () => {
  const stalled = Promise.withResolvers<void>()
  const queue = new CommitQueue({
    commit: async ({ order }) => {
      await stalled.promise
      return {
        durable: true,
        settled: new Float64Array(Number(order[0]) * 4),
        budgets: [],
        writes: [],
        mended: [],
      }
    },
    onBalance: () => undefined,
    onChange: () => undefined,
    clock: { ...machineClock, monotonic: () => 0 },
  })
  const one = settlement(0)
  const settle = (count: number) => Array.from({ length: count }, () => queue.settle(one))
  const admitted = settle(1)
  await pause(10)
  admitted.push(...settle(49_999))
  expect(queue.accepting()).toBe(true)
  admitted.push(...settle(1))
  expect(queue.accepting()).toBe(false)
  // Running calls may still end.
  admitted.push(...settle(50_000))
  await expect(queue.settle(one)).rejects.toThrow('too much waits')
  stalled.resolve()
  expect(await Promise.all(admitted)).toHaveLength(100_001)
  expect(queue.accepting()).toBe(true)
})
