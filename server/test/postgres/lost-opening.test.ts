import { expect, it } from 'vitest'
import { compileBudgets } from '../../src/budgets/budget.ts'
import { createBudgets } from '../../src/budgets/budgets.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { endEpoch, openNodes, recordFor } from './nodes.ts'

const AMOUNT = 100
const NOW = Date.UTC(2026, 10, 25, 12)

it('a period whose opening a failover has lost is opened again, also when calls have settled in it meanwhile', async () => {
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
  const got = await ledger.reserve({ ...payers, budgets: running }, units(10))
  if (isShort(got)) throw new Error('short')
  expect(await whole(day)).toBe(AMOUNT)

  // What a standby never heard of: the opening, and what was borrowed of it.
  await database.tamper(`
    delete from hold where entity = ${day}; delete from entry where entity = ${day};
    delete from balance where entity = ${day}`)
  await endEpoch(database, loans.epoch)
  await got.settle(units(5), recordFor(payers))
  expect(await database.rows(`select remain::int from balance where entity = ${day}`)).toEqual([
    { remain: 0 },
  ])

  expect(await room.running(compiled)).toEqual([day])
  expect(await whole(day)).toBe(AMOUNT)
  const next = await ledger.reserve({ ...payers, budgets: [day] }, units(AMOUNT))
  if (isShort(next)) throw new Error('short')
  next.release()
})
