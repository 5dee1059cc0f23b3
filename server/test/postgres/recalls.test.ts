import { expect, it } from 'vitest'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { createClockByHand } from '../tools/clock-by-hand.ts'
import { know, openNodes, recordFor, type TestNode, take } from './nodes.ts'
import { joinWatched, type WatchedRun } from './watched-lanes.ts'

/** Wishes wait so long for others, and a call for units that others hold. */
const COALESCE_MS = 20
const WAIT_MS = 500
/** More than a test may take. */
const LONG_MS = 25_000
const never = new AbortController().signal

/** Entities of each recall that was sent: alone among the calls beside the lanes it has a list, an epoch and a text. */
const recalled = ({ calls }: WatchedRun) =>
  calls
    .filter(({ length }) => length === 3)
    .map(([list]) => String(list).slice(1, -1).split(',').map(Number))

it('however often units are wished for within 20 ms, they are called back once, and others hear of each entity', async () => {
  const nodes = await openNodes(1)
  const clock = createClockByHand(Date.now())
  const { others, loans } = await joinWatched(nodes, clock)
  const heard: number[] = []
  nodes.at(0).loans.onRecall((entities) => void heard.push(...entities))

  for (let ms = 0; ms < COALESCE_MS; ms++) {
    for (let n = 0; n < 50; n++) loans.recall([4 * (ms + 1), 5])
    await clock.pass(ms < COALESCE_MS - 1 ? 1 : 0.5)
  }
  expect(recalled(others)).toEqual([])
  others.shut()
  await clock.pass(0.5)
  const all = [5, ...Array.from({ length: COALESCE_MS }, (_, ms) => 4 * (ms + 1))]
  expect(recalled(others).map((one) => one.toSorted((a, b) => a - b))).toEqual([
    all.toSorted((a, b) => a - b),
  ])

  // What is wished for while that is on its way goes together, 20 ms after it was answered.
  for (let ms = 0; ms < 10 * COALESCE_MS; ms++) {
    loans.recall([400 + 4 * (ms % 3)])
    await clock.pass(1)
  }
  expect(recalled(others)).toHaveLength(1)
  others.open()
  await expect.poll(() => new Set(heard)).toEqual(new Set(all))
  await expect
    .poll(async () => {
      await clock.pass(COALESCE_MS)
      return recalled(others).length
    })
    .toBe(2)
  expect(recalled(others)[1]?.toSorted()).toEqual([400, 404, 408])
  await expect.poll(() => new Set(heard)).toEqual(new Set([...all, 400, 404, 408]))
})

it('who waits for units keeps those that came meanwhile: a recall is for others', async () => {
  const nodes = await openNodes(1)
  const { at, payers } = nodes
  const { ledger, move } = await joinWatched(nodes)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  know(ledger, owner, { key: 100, account: 1_000 })
  const busy = await take(at(0).ledger, owner, 80)
  if (isShort(busy)) throw new Error('short')
  // As long as it takes to look several times for recalls that were not heard.
  const got = await ledger.reserveSoon(owner, units(21), never, 3 * WAIT_MS)
  expect(got).toMatchObject({ entity: 'key', reserved: true, available: 20 })
  const givenBack = move.calls.filter(([, , , asked]) => /-\d/.test(String(asked)))
  expect(givenBack).toEqual([])
  busy.release()
})

/** Waits for units as a call does that found them reserved. */
const wait = (
  { ledger }: TestNode,
  ...[payers, amount, ms]: [Parameters<typeof take>[1], number, number?]
) => ledger.reserveSoon(payers, units(amount), never, ms)

it('units that a running call holds at another node are waited for as long as that takes, and no call is refused before', async () => {
  const { at, payers } = await openNodes(2)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  const busy = await take(at(1).ledger, owner, 80)
  if (isShort(busy)) throw new Error('short')
  const beganAt = performance.now()
  const refused = await wait(at(0), owner, 21)
  const tookMs = performance.now() - beganAt
  expect(refused).toMatchObject({ entity: 'key', reserved: true, available: 20 })
  // A timer may be a millisecond early.
  expect(tookMs).toBeGreaterThanOrEqual(WAIT_MS - 2)
  expect(tookMs).toBeLessThan(10 * WAIT_MS)
  const fits = await wait(at(0), owner, 20)
  expect(fits).toMatchObject({ amount: 20 })
  if (!isShort(fits)) fits.release()
  busy.release()
})

it('units that come back meanwhile go to whom they suffice for, to the unit, and to nobody twice', async () => {
  const { at, payers, whole } = await openNodes(3)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  const busy = await take(at(0).ledger, owner, 100)
  if (isShort(busy)) throw new Error('short')
  const waiting = [1, 2].map(async (n) => ({ n, got: await wait(at(n), owner, 40, LONG_MS) }))
  const tooMuch = wait(at(1), owner, 71, LONG_MS)
  await busy.settle(units(30), recordFor(owner))
  // 70 are left: enough for one of both.
  const { n, got } = await Promise.race(waiting)
  expect(got).toMatchObject({ amount: 40 })
  if (isShort(got)) throw new Error('short')
  expect(await whole(owner.key)).toBe(70)
  await got.settle(units(25), recordFor(owner))
  const second = await Promise.all(waiting)
  const other = second.find((one) => one.n !== n)?.got
  expect(other).toMatchObject({ amount: 40 })
  if (other === undefined || isShort(other)) throw new Error('short')
  await other.settle(units(40), recordFor(owner))
  // 5 are left: whoever can never have as much hears so before his time is over.
  expect(await tooMuch).toMatchObject({ entity: 'key', reserved: false })
  expect(await wait(at(2), owner, 6)).toMatchObject({ entity: 'key', reserved: false })
  const last = await wait(at(1), owner, 5, LONG_MS)
  expect(last).toMatchObject({ amount: 5 })
  if (!isShort(last)) last.release()
})
