import { expect, it } from 'vitest'
import { compileBudgets } from '../../src/budgets/budget.ts'
import { createBudgets } from '../../src/budgets/budgets.ts'
import { createSweep } from '../../src/budgets/sweep.ts'
import { setBudgets } from '../../src/ledger/budget-statements.ts'
import { describeEntity, keyEntity } from '../../src/ledger/entity.ts'
import { units } from '../../src/ledger/units.ts'
import { createRetention } from '../../src/usage/retention.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { balanceOf, openBooks, openPayers, reserved } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 25, 12)
const failed = (error: unknown) => {
  throw error
}

/** Books on which key 1 has budgets of a day and a month, used for `days` days up to now. */
async function openUsed(days: number) {
  const books = await openBooks()
  const { store, ledger } = books
  const payers = await openPayers(books, { id: 1, key: 1e6, account: 1e6 })
  const wishes = [
    { period: 'day' as const, amount: 100 },
    { period: 'month' as const, amount: 1_000 },
  ]
  await store.write([
    store.db.insertInto('key').values({
      ...{ id: 1, account_id: 1, digest: 'd', pepper_id: 1, sealed: null, hint: '', name: '' },
      ...{ status: 1, created_time: 1, accessed_time: 1, expired_time: -1, unlimited_quota: 0 },
      ...{ model_limits_enabled: 0, model_limits: '', allow_ips: null, group_name: '' },
      ...{ cross_group_retry: 0, extra: JSON.stringify({ budgets: wishes }), deleted_at: null },
    }),
  ])
  const of = { entity: keyEntity(1), budgets: wishes }
  let at = NOW
  const room = createBudgets({ store, ledger, now: () => at })
  const compiled = compileBudgets(of, { entity: 5, budgets: [] }) ?? []
  for (let day = days - 1; day >= 0; day--) {
    at = NOW - day * DAY_MS
    const budgets = await room.running(compiled)
    const reservation = await reserved(ledger, { ...payers, budgets }, 20)
    const record = { ...recordOf(`day ${day}`), created_at_ms: at }
    await reservation.settle(units(day === 0 ? 15 : 20), record)
  }
  return { ...books, payers, room, compiled, running: await room.running(compiled) }
}

async function sweep(store: Awaited<ReturnType<typeof openUsed>>['store'], now: number) {
  const rounds = createSweep({ store, now: () => now, failed })
  await rounds.run()
  await rounds.close()
}

const periodsLeft = async ({ store }: Awaited<ReturnType<typeof openUsed>>) =>
  (await store.db.selectFrom('balance').select('entity').execute()).filter(
    ({ entity }) => entity % 4 === 2,
  ).length

it('a period is opened once with its grant, charged alike, and named by the record', async () => {
  const { store, database, running, room, compiled } = await openUsed(2)
  const [today, month] = running as [number, number]
  expect(await balanceOf(store, today)).toEqual({ remain: 85, used: 15, requests: 1 })
  expect(await balanceOf(store, month)).toEqual({ remain: 965, used: 35, requests: 2 })
  // Nothing is asked again while the same periods run.
  expect(room.running(compiled)).toBe(running)
  const { budgets } = await store.db
    .selectFrom('usage')
    .select('budgets')
    .where('request_id', '=', 'day 0')
    .executeTakeFirstOrThrow()
  expect(budgets).toBe(`${today},${month}`)
  expect(await database.doctor()).toEqual([])
})

it('the doctor finds a budget that was filled up, and one that is gone', async () => {
  const { database, running } = await openUsed(1)
  const [today, month] = running as [number, number]
  await database.tamper(`update balance set remain = remain + 15 where entity = ${today}`)
  await database.tamper(`delete from balance where entity = ${month}`)
  const findings = await database.doctor()
  expect(findings).toHaveLength(2)
  expect(findings).toEqual(
    expect.arrayContaining([
      {
        what: 'remain_differs',
        subject: 'day budget 2026-11-25 of key 1',
        says: 'remain is 100, but entries of 100 less 15 charged leave 85',
      },
      expect.objectContaining({
        what: 'balance_missing',
        subject: 'month budget 2026-11 of key 1',
      }),
    ]),
  )
})

it('another ledger on the same books finds the periods as they stand, and opens none twice', async () => {
  const { store, ledger, running, compiled, database } = await openUsed(1)
  const again = createBudgets({ store, ledger, now: () => NOW })
  again.forget(keyEntity(1))
  expect(await again.running([...compiled])).toEqual(running)
  expect(await balanceOf(store, running[0] ?? 0)).toMatchObject({ remain: 85 })
  const many = createBudgets({ store, ledger, now: () => NOW + DAY_MS })
  const all = await Promise.all(Array.from({ length: 20 }, async () => many.running([...compiled])))
  expect(new Set(all.map(String)).size).toBe(1)
  expect(await balanceOf(store, all[0]?.[0] ?? 0)).toMatchObject({ remain: 100 })
  expect(await database.doctor()).toEqual([])
})

it('a budget that its owner has no more opens nothing, and charges nobody', async () => {
  const { store, compiled, ledger } = await openUsed(1)
  await store.write([store.db.updateTable('key').set({ extra: null }).where('id', '=', 1)])
  const later = createBudgets({ store, ledger, now: () => NOW + 40 * DAY_MS })
  expect(await later.running(compiled)).toEqual([])
})

it('a call that was renounced after its commit has its units back in every budget', async () => {
  const { store, ledger, payers, running, database } = await openUsed(1)
  const reservation = await reserved(ledger, { ...payers, budgets: running }, 30)
  await reservation.settle(units(30), recordOf('renounced'))
  reservation.renounce()
  await ledger.flush()
  expect(await balanceOf(store, running[0] ?? 0)).toMatchObject({ remain: 85, used: 15 })
  const amounts = [{ entity: running[0] ?? 0, amount: 200 }]
  await store.write(setBudgets(store, { amounts, also: [], actor: 'test', seconds: 1 }))
  expect(await balanceOf(store, running[0] ?? 0)).toMatchObject({ remain: 185, used: 15 })
  expect(await database.doctor()).toEqual([])
})

it('retention folds what budgets paid, and periods that ended weeks ago are swept: the books stay right', async () => {
  const used = await openUsed(90)
  const { store, database } = used
  // 90 days, and the months from August to November.
  expect(await periodsLeft(used)).toBe(94)
  const rollUp = createRollUp({ store, failed })
  await rollUp.run()
  await rollUp.close()
  const settings = { get: () => 60 as never }
  const retain = async (now: number) => {
    const retention = createRetention({ store, settings, now: () => now, failed })
    await retention.run()
    await retention.close()
  }
  await retain(NOW)
  expect(await database.doctor()).toEqual([])
  await sweep(store, NOW)
  // 35 days and today; October and November.
  expect(await periodsLeft(used)).toBe(38)
  const left = await store.db.selectFrom('closed').select('entity').execute()
  expect(left.filter(({ entity }) => entity % 4 === 2)).toEqual([])
  expect(await database.doctor()).toEqual([])
  // Records of swept periods that expire later leave nothing behind; October goes on until its own time comes.
  await retain(NOW + 20 * DAY_MS)
  const after = await store.db.selectFrom('closed').select('entity').execute()
  expect(
    after.filter(({ entity }) => entity % 4 === 2).map(({ entity }) => describeEntity(entity)),
  ).toEqual(['month budget 2026-10 of key 1'])
  expect(await database.doctor()).toEqual([])
})
