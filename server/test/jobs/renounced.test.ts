import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/jobs/end.ts'
import { createJobs } from '../../src/jobs/jobs.ts'
import { createLateCharges } from '../../src/jobs/late-charges.ts'
import { units } from '../../src/ledger/units.ts'
import { correctionsOf } from '../../src/usage/corrections.ts'
import { balanceOf, openBooks, openPayers, reserved } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'

const LATER_MS = 700_000
const FAILED: Ending = { state: 'failed', cost: 0 }
const COMPLETED: Ending = { state: 'completed', cost: 250 }
const UNHEARD: Ending = { state: 'unheard', cost: undefined }

/** A video of a key, its account and its budget, each with 1 000 units, that was reserved 300 and is not settled yet. */
async function begun() {
  const books = await openBooks()
  const { store, ledger, database } = books
  const payers = await openPayers(books, { key: 1_000, account: 1_000, budgets: [1_000] })
  const [budget = 0] = payers.budgets
  const all = [payers.account, budget, payers.key]
  let now = Date.now()
  const parts = { store, now: () => now }
  const jobs = createJobs(parts)
  const at = { channelId: 1, upstreamKey: '', objectId: 'video_1', model: 'film', group: 'default' }
  await jobs.begin(
    {
      ...{ ...at, requestId: 'a', kind: 'video', accountId: 1, keyId: 1, payers: all },
      ...{ price: undefined, estimate: 300, asked: '{}' },
    },
    60_000,
  )
  const reservation = await reserved(ledger, payers, 300)
  const job = async () => {
    const [found] = await jobs.ofRequests(['a'])
    if (found === undefined) throw new Error('there is no job')
    return found
  }
  return {
    ...{ store, database, jobs, job, later: () => (now += LATER_MS) },
    settle: (cost = 300) => reservation.settle(units(cost), recordOf('a')),
    renounceEarly: () => reservation.renounce(),
    async renounce() {
      reservation.renounce()
      await ledger.flush()
    },
    end: async (ending: Ending) => jobs.end(await job(), ending),
    async round() {
      const failed = (error: unknown) => expect.unreachable(String(error))
      const rounds = createLateCharges({ ...parts, failed })
      await rounds.run()
      await rounds.close()
    },
    /** What all have paid, by what they have left and by what they used; and that the books say so. */
    async paid() {
      expect(await database.doctor()).toEqual([])
      const found = await Promise.all(all.map((entity) => balanceOf(store, entity)))
      const paid = new Set(found.flatMap(({ remain, used }) => [1_000 - remain, used]))
      const corrected = (await correctionsOf(store, ['a'])).get('a')?.quota ?? 0
      const record = await store.db.selectFrom('usage').select('quota').executeTakeFirst()
      paid.add((record?.quota ?? 0) + corrected)
      return [...paid]
    },
  }
}

describe('a job whose client was told of a failure costs nothing', () => {
  it.each([
    ['failed', FAILED],
    ['completed', COMPLETED],
    ['unheard', UNHEARD],
  ])('and gives it back once, when it %s after the refund', async (_, ending) => {
    const { settle, renounce, end, paid, job } = await begun()
    await settle()
    await renounce()
    expect(await end(ending)).toEqual({ correction: 0, shortfall: 0 })
    expect(await paid()).toEqual([0])
    expect(await job()).toMatchObject({ state: ending.state, cost: 0 })
  })

  it.each([
    ['failed', FAILED],
    ['completed', COMPLETED],
    ['unheard', UNHEARD],
  ])('and gives it back once, when it %s before the refund', async (_, ending) => {
    const { settle, renounce, end, paid } = await begun()
    await settle()
    await end(ending)
    await renounce()
    expect(await paid()).toEqual([0])
  })

  it('when both are written at once', async () => {
    const { settle, renounce, end, paid } = await begun()
    await settle()
    await Promise.all([end(COMPLETED), renounce(), end(COMPLETED)])
    expect(await paid()).toEqual([0])
  })

  it('when the end was worked out before the refund', async () => {
    const { settle, renounce, store, paid, job } = await begun()
    await settle()
    let refunding: Promise<void> | undefined
    const write: typeof store.write = async (statements) => {
      refunding ??= renounce()
      await refunding
      return store.write(statements)
    }
    const stale = { db: store.db, dialect: store.dialect, write }
    await createJobs({ store: stale, now: Date.now }).end(await job(), FAILED)
    expect(await paid()).toEqual([0])
  })

  it('when its settlement was renounced before it was written', async () => {
    const { settle, renounceEarly, end, paid } = await begun()
    const settling = settle()
    renounceEarly()
    await settling
    expect(await end(COMPLETED)).toEqual({ correction: 0, shortfall: 0 })
    expect(await paid()).toEqual([0])
  })

  it('when its records were deleted before its end', async () => {
    const { settle, renounce, jobs, job, end, database, store } = await begun()
    await settle()
    await renounce()
    await jobs.postpone(await job(), 1)
    await database.tamper('delete from usage; delete from correction')
    expect(await end(COMPLETED)).toEqual({ correction: 0, shortfall: 0 })
    expect((await balanceOf(store, 4)).remain).toBe(1_000)
  })
})

it('a job that was charged when its client was told of a failure gives back what its end says, if the refund is lost', async () => {
  const { settle, end, paid } = await begun()
  await settle()
  // The process is gone before it refunds anything.
  expect(await end(FAILED)).toEqual({ correction: -300, shortfall: 0 })
  expect(await paid()).toEqual([0])
})

describe('a settlement that comes when its job has ended without it', () => {
  it('is given back, so that what the end says stands', async () => {
    const { later, settle, end, round, paid, job } = await begun()
    later()
    expect(await end(COMPLETED)).toEqual({ correction: 250, shortfall: 0 })
    expect(await paid()).toEqual([250])
    await round()
    await settle()
    expect(await paid()).toEqual([550])
    await round()
    await round()
    expect(await paid()).toEqual([250])
    expect(await job()).toMatchObject({ cost: 250, correction: -50, shortfall: 0, charged: 300 })
  })

  it.each([
    ['before it was written', true],
    ['when it was on the books', false],
  ])('and was renounced %s: nothing stands', async (_, early) => {
    const { later, settle, renounceEarly, renounce, end, round, paid } = await begun()
    later()
    await end(COMPLETED)
    const settling = settle()
    if (early) renounceEarly()
    await settling
    await renounce()
    await round()
    expect(await paid()).toEqual([0])
    await round()
    expect(await paid()).toEqual([0])
  })
})
