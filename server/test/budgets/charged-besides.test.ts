import { expect, it } from 'vitest'
import { createJobs, type JobsParts } from '../../src/jobs/jobs.ts'
import { createLateCharges } from '../../src/jobs/late-charges.ts'
import { setBudgets } from '../../src/ledger/budget-statements.ts'
import { units } from '../../src/ledger/units.ts'
import { balanceOf, openBooks, openPayers, reserved } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'

/** Behind the time in which the charge of a job may still come. */
const LATER_MS = 700_000
const OPENED = 1_000
const failed = (error: unknown) => {
  throw error
}

/** A budget of 1 000, and a job that is paid from it. */
async function openJob() {
  const books = await openBooks()
  const { store, ledger } = books
  const payers = await openPayers(books, { key: 10_000, account: 10_000, budgets: [OPENED] })
  const [budget = 0] = payers.budgets
  let now = Date.now()
  const parts: JobsParts = { store, now: () => now }
  const jobs = createJobs(parts)
  await jobs.begin(
    {
      ...{ requestId: 'job', kind: 'video', objectId: 'video_1', model: 'film', group: 'default' },
      ...{ channelId: 1, upstreamKey: '', accountId: 1, keyId: 1, price: undefined, estimate: 300 },
      ...{ payers: [payers.account, budget, payers.key], asked: '{}' },
    },
    60_000,
  )
  now += LATER_MS
  return {
    ...{ ...books, parts },
    /** What is charged for it by a usage record. */
    async charge(cost: number) {
      const reservation = await reserved(ledger, payers, cost)
      await reservation.settle(units(cost), recordOf('job'))
      return reservation
    },
    async end(cost: number) {
      const [job] = await jobs.ofRequests(['job'])
      if (job === undefined) throw new Error('the job is gone')
      expect(await jobs.end(job, { state: 'completed', cost })).toMatchObject({ shortfall: 0 })
    },
    async setAmount(amount: number) {
      const amounts = [{ entity: budget, amount }]
      await store.write(setBudgets(store, { amounts, also: [], actor: 'test', seconds: 1 }))
    },
    left: async () => (await balanceOf(store, budget)).remain,
  }
}

it('a new amount of a budget is less what a job was charged by its end alone', async () => {
  const { database, end, setAmount, left } = await openJob()
  await end(300)
  expect(await left()).toBe(700)
  await setAmount(OPENED + 1)
  expect(await left()).toBe(701)
  expect(await database.doctor()).toEqual([])
})

it('a new amount is less what a job cost beyond its record, and no more when all of it was given back', async () => {
  const { database, ledger, charge, end, setAmount, left } = await openJob()
  const reservation = await charge(200)
  await end(300)
  await setAmount(2_000)
  expect(await left()).toBe(1_700)
  reservation.renounce()
  await ledger.flush()
  expect(await left()).toBe(2_000)
  await setAmount(3_000)
  expect(await left()).toBe(3_000)
  expect(await database.doctor()).toEqual([])
})

it('a new amount is less what a job cost once, also when its record came behind its end', async () => {
  const { database, parts, charge, end, setAmount, left } = await openJob()
  await end(300)
  await charge(300)
  const late = createLateCharges({ ...parts, failed })
  await late.run()
  await late.close()
  expect(await left()).toBe(700)
  await setAmount(OPENED + 1)
  expect(await left()).toBe(701)
  expect(await database.doctor()).toEqual([])
})
