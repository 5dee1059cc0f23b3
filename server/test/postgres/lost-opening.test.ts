import { expect, it } from 'vitest'
import { compileBudgets } from '../../src/budgets/budget.ts'
import { createBudgets } from '../../src/budgets/budgets.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { endEpoch, openNodes, recordFor } from './nodes.ts'

const AMOUNT = 100
const NOW = Date.UTC(2026, 10, 25, 12)

/** A key with a budget for each day, and the period that runs, opened by its first call. */
async function openPeriod() {
  const { at, database, payers: open, whole } = await openNodes(1)
  const { store, loans, ledger } = at(0)
  const payers = await open({ id: 1, key: 1_000, account: 1_000 })
  const budgets = [{ period: 'day' as const, amount: AMOUNT }]
  await store.write([
    store.db.insertInto('key').values({
      ...{ id: 1, account_id: 1, digest: 'd', pepper_id: 1, sealed: null, hint: '', name: '' },
      ...{ status: 1, created_time: 1, accessed_time: 1, expired_time: -1, unlimited_quota: 0 },
      ...{ model_limits_enabled: 0, model_limits: '', allow_ips: null, group_name: '' },
      ...{ cross_group_retry: 0, extra: JSON.stringify({ budgets }), deleted_at: null },
    }),
  ])
  const compiled =
    compileBudgets({ entity: keyEntity(1), budgets }, { entity: accountEntity(1), budgets: [] }) ??
    []
  const room = createBudgets({ store, ledger, now: () => NOW })
  const running = await room.running(compiled)
  const [day = 0] = running
  async function take(amount: number) {
    const got = await ledger.reserve({ ...payers, budgets: running }, units(amount))
    if (isShort(got)) throw new Error('short')
    return got
  }
  return {
    ...{ database, loans, ledger, payers, day, take },
    running: () => room.running(compiled),
    whole: () => whole(day),
    /** What a standby never heard of: the opening, and what was borrowed of it. */
    lose: () =>
      database.tamper(`
        delete from hold where entity = ${day}; delete from entry where entity = ${day};
        delete from balance where entity = ${day}`),
    endEpoch: () => endEpoch(database, loans.epoch),
  }
}

it('a period whose opening a failover has lost is opened again, also when calls have settled in it meanwhile', async () => {
  const { database, payers, day, take, running, whole, lose, endEpoch: end } = await openPeriod()
  const got = await take(10)
  expect(await whole()).toBe(AMOUNT)

  await lose()
  await end()
  await got.settle(units(5), recordFor(payers))
  expect(await database.rows(`select remain::int from balance where entity = ${day}`)).toEqual([
    { remain: 0 },
  ])

  expect(await running()).toEqual([day])
  expect(await whole()).toBe(AMOUNT)
  const next = await take(AMOUNT)
  next.release()
})

it('a period that has nothing but refunds, as they were made before, is opened again', async () => {
  const { database, day, running, whole, lose, endEpoch: end } = await openPeriod()
  await lose()
  await database.tamper(`
    insert into balance (entity, remain, used, requests) values (${day}, 5, 0, 0);
    insert into entry (entity, delta, kind, reason, actor, created_at)
    values (${day}, 5, 'refund', 'request r', 'gateway', 1)`)
  await end()
  // Its next beat tells the node.
  await expect.poll(whole, { timeout: 10_000 }).toBe(5)
  await expect
    .poll(async () => ((await running()).length === 1 ? whole() : undefined), { timeout: 10_000 })
    .toBe(AMOUNT + 5)
})

it.each([
  ['', ''],
  [
    ', also when late calls have made a row',
    'insert into balance (entity, remain, used, requests) values (DAY, 0, 0, 0)',
  ],
])(
  'a node that has lost nothing but an opening finds out with its first call, and the next is served%s',
  async (_, meanwhile) => {
    const { database, day, take, running, whole, lose, loans } = await openPeriod()
    const { epoch } = loans
    await lose()
    await database.tamper(meanwhile.replace('DAY', String(day)))
    await expect(take(10)).rejects.toMatchObject({ code: 'ledger_unavailable' })
    expect(await running()).toEqual([day])
    expect(await whole()).toBe(AMOUNT)
    const next = await take(AMOUNT)
    next.release()
    expect(loans.epoch).toBe(epoch)
  },
)
