import { expect, it, onTestFinished } from 'vitest'
import { units } from '../../src/ledger/units.ts'
import { createRetention } from '../../src/usage/retention.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { totalsOf } from '../../src/usage/totals.ts'
import { balanceOf, openBooks, openPayers, reserved } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'
import { correct } from './made-records.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 25)

/** Books with so many calls of each age in days, summed by the hour. */
async function openUsed(ages: readonly number[], each: number) {
  const books = await openBooks()
  const { store, ledger } = books
  const finite = await openPayers(books, { id: 1, key: 1e6, account: 1e6 })
  const unlimited = await openPayers(books, { id: 2, account: 1e6 })
  for (const age of ages) {
    const calls = Array.from({ length: each }, async (_, n) => {
      const payers = n % 3 === 0 ? unlimited : finite
      const owner = { key_id: payers.key / 4, account_id: (payers.account - 1) / 4 }
      const record = { ...recordOf(`${age}-${n}`), ...owner, created_at_ms: NOW - age * DAY_MS }
      const reservation = await reserved(ledger, payers, 10)
      await reservation.settle(units(n % 2 === 0 ? 7 : 12), record)
    })
    await Promise.all(calls)
  }
  const failed = (error: unknown) => {
    throw error
  }
  const rollUp = createRollUp({ store, failed })
  onTestFinished(() => rollUp.close())
  const retain = async (days: number) => {
    const settings = { get: () => days as never }
    const retention = createRetention({ store, settings, now: () => NOW, failed })
    await retention.run()
    await retention.close()
  }
  const recordsLeft = async () =>
    (await store.db.selectFrom('usage').select('created_at_ms').execute()).map(
      ({ created_at_ms }) => Math.round((NOW - created_at_ms) / DAY_MS),
    )
  return { ...books, finite, rollUp, retain, recordsLeft }
}

it('deletes what is older than is kept, and the books stay right', async () => {
  const { store, database, finite, rollUp, retain, recordsLeft } = await openUsed(
    [40, 31, 29, 1],
    30,
  )
  await rollUp.run()
  const before = await balanceOf(store, finite.key)
  const hours = await store.db.selectFrom('usage_hour').selectAll().execute()
  await retain(30)
  expect(new Set(await recordsLeft())).toEqual(new Set([29, 1]))
  expect(await recordsLeft()).toHaveLength(60)
  expect(await balanceOf(store, finite.key)).toEqual(before)
  expect(await store.db.selectFrom('usage_hour').selectAll().execute()).toEqual(hours)
  expect(await database.doctor()).toEqual([])
  await retain(0)
  expect(await recordsLeft()).toHaveLength(60)
  await retain(1)
  expect(new Set(await recordsLeft())).toEqual(new Set([1]))
  expect(await database.doctor()).toEqual([])
})

it('deletes what corrected them, too, and what they used stays corrected', async () => {
  const { store, database, finite, rollUp, retain } = await openUsed([40, 1], 30)
  const rows = await store.db.selectFrom('usage').selectAll().orderBy('id').execute()
  await correct(store, rows.slice(0, 3), -5)
  await correct(store, rows.slice(30, 33), 4)
  await rollUp.run()
  const before = await balanceOf(store, finite.key)
  const spent = await totalsOf(store.db, {})
  expect(spent.quota).toBe(60 * 9.5 - 15 + 12)
  expect(await database.doctor()).toEqual([])
  await retain(30)
  expect(await store.db.selectFrom('correction').select('quota').execute()).toHaveLength(3)
  expect(await balanceOf(store, finite.key)).toEqual(before)
  expect(await totalsOf(store.db, {})).toEqual(spent)
  expect(await database.doctor()).toEqual([])
  await store.write([store.db.updateTable('closed').set({ corrected: 0 })])
  expect(await database.doctor()).not.toEqual([])
})

it('keeps what the hours have not summed yet', async () => {
  const { rollUp, retain, recordsLeft } = await openUsed([40], 10)
  await retain(30)
  expect(await recordsLeft()).toHaveLength(10)
  await rollUp.run()
  await retain(30)
  // The newest one stays: ids go on from it.
  expect(await recordsLeft()).toHaveLength(1)
})

it('several at once delete each record once', async () => {
  const { database, rollUp, retain, recordsLeft } = await openUsed([40, 2], 700)
  await rollUp.run()
  await Promise.all([retain(30), retain(30), retain(30)])
  expect(await recordsLeft()).toHaveLength(700)
  expect(await database.doctor()).toEqual([])
})

it('what is deleted is still missed when a balance is changed behind the books', async () => {
  const { database, finite, rollUp, retain } = await openUsed([40], 30)
  await rollUp.run()
  await retain(30)
  await database.tamper(`update balance set remain = remain + 5 where entity = ${finite.account}`)
  expect(await database.doctor()).toMatchObject([{ what: 'remain_differs', subject: 'account 1' }])
})
