import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Payers, Reservation } from '../../src/ledger/ledger.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { STAMPS } from '../../src/storage/lanes/lane.ts'
import { know, openNodes, recordFor } from './nodes.ts'
import { joinWatched, type WatchedRun } from './watched-lanes.ts'

const CALLS = 200
const KEYS = 20
const WHOLE = 1_000_000
/** Calls by which units were borrowed: not heartbeats, and not what looks, or gives back what lies idle. */
const borrowing = ({ calls }: WatchedRun) =>
  calls.filter(([, , , units]) => /[1-9]/.test(String(units)))
const settling = ({ calls }: WatchedRun) => calls.filter(([, , count]) => Number(count) > 0)
/** Without their stamps. */
const numbersOf = ({ calls }: WatchedRun) =>
  calls.map(([, seq]) => Math.floor(Number(seq) / STAMPS))
const oneByOne = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

/** A node whose lanes are watched, and keys of one account. */
async function openWatched() {
  const nodes = await openNodes(1)
  const watched = await joinWatched(nodes)
  const owners: Payers[] = []
  for (let n = 0; n < KEYS; n++) {
    const { account, ...own } = await nodes.payers({ id: n + 1, key: WHOLE, account: WHOLE })
    const payers = { ...own, account: owners[0]?.account ?? account }
    know(watched.ledger, payers, { key: WHOLE, account: WHOLE })
    owners.push(payers)
  }
  // Who knows them has looked how they stand, and nothing is on its way.
  await Promise.all(owners.map(({ key }) => watched.loans.move([{ entity: key, units: 0 }])))
  return { ...nodes, ...watched, owners }
}

/** Lets all that was asked for come as far as it can. */
async function gathered(): Promise<void> {
  for (let n = 0; n < 20; n++) await nextTurn()
}

it('200 calls at once reserve and settle by two calls of each lane, one after the other, and each is answered rightly', {
  timeout: 60_000,
}, async () => {
  const { move, settle, ledger, owners, whole, database } = await openWatched()
  const amountOf = (n: number) => 10 + n
  const costOf = (n: number) => (n * 7) % (10 + n)
  const ownerOf = (n: number) => owners[n % KEYS] as Payers
  const reserve = async (n: number) => {
    const got = await ledger.reserve(ownerOf(n), units(amountOf(n)))
    if (isShort(got)) throw new Error(`call ${n} is short`)
    return got
  }

  move.shut()
  const reserving = [reserve(0)]
  await gathered()
  // It is on its way, or in line behind a heartbeat.
  for (let n = 1; n < CALLS; n++) reserving.push(reserve(n))
  await gathered()
  expect(move.inFlight).toBe(1)
  move.open()
  const held: Reservation[] = await Promise.all(reserving)
  expect(held.map(({ amount }) => amount)).toEqual(held.map((_, n) => amountOf(n)))
  // The first alone, unless it waited for something that went before it; and all the others.
  expect([1, 2]).toContain(borrowing(move).length)

  // A lane that stands still is none of the other's business.
  move.shut()
  settle.shut()
  const ending = held.map(async (one, n) => {
    // All but the first come while the lane is busy.
    if (n > 0) await gathered()
    return one.settle(units(costOf(n)), recordFor(ownerOf(n)))
  })
  await gathered()
  await gathered()
  expect([settling(settle).length, settle.inFlight]).toEqual([1, 1])
  settle.open()
  const settled = await Promise.all(ending)
  expect(settled.map(({ charged, shortfall }) => [charged, shortfall])).toEqual(
    held.map((_, n) => [costOf(n), 0]),
  )
  expect([1, 2]).toContain(settling(settle).length)
  move.open()

  expect([move.most, settle.most]).toEqual([1, 1])
  for (const lane of [move, settle]) expect(numbersOf(lane)).toEqual(oneByOne(lane.calls.length))
  const sum = (of: readonly number[]) => of.reduce((total, one) => total + one, 0)
  for (const [at, { key }] of owners.entries()) {
    const costs = held.map((_, n) => (n % KEYS === at ? costOf(n) : 0))
    expect(await whole(key)).toBe(WHOLE - sum(costs))
  }
  expect(await whole(ownerOf(0).account)).toBe(WHOLE - sum(held.map((_, n) => costOf(n))))
  const [counted] = await database.rows(
    'select count(*)::int as calls, count(distinct request_id)::int as requests from usage',
  )
  expect(counted).toEqual({ calls: CALLS, requests: CALLS })
})

it('what comes while a lane is busy goes with its next call, however long that takes', {
  timeout: 60_000,
}, async () => {
  const { move, settle, ledger, owners } = await openWatched()
  const serve = async (n: number) => {
    const owner = owners[n % KEYS] as Payers
    const got = await ledger.reserve(owner, units(1_000 + n))
    if (isShort(got)) throw new Error('short')
    expect(await got.settle(units(1), recordFor(owner))).toMatchObject({ charged: 1 })
  }
  const serving: Promise<void>[] = []
  for (let round = 0; round < 10; round++) {
    move.shut()
    settle.shut()
    for (let n = 0; n < CALLS / 10; n++) serving.push(serve(serving.length))
    await gathered()
    move.open()
    settle.open()
    await gathered()
  }
  await Promise.all(serving)
  expect([move.most, settle.most]).toEqual([1, 1])
  // Two for each round, and as many again for units that others took before their turn.
  expect(borrowing(move).length).toBeLessThan(CALLS / 4)
  expect(settling(settle).length).toBeLessThan(CALLS / 4)
})

it('however many calls are sent on a lane at once, each waits for the one before', {
  timeout: 60_000,
}, async () => {
  const { move, loans, owners, whole } = await openWatched()
  const [{ key }] = owners as [Payers]
  const moved = await Promise.all(
    Array.from({ length: CALLS }, () => loans.move([{ entity: key, units: 1 }])),
  )
  expect(moved.map((answer) => answer?.[0]?.granted)).toEqual(oneByOne(CALLS))
  expect(move.most).toBe(1)
  expect(numbersOf(move)).toEqual(oneByOne(move.calls.length))
  expect(await whole(key)).toBe(WHOLE)
})
