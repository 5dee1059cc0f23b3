import { expect, it } from 'vitest'
import { type BudgetWish, compileBudgets } from '../../src/budgets/budget.ts'
import { type Budgets, createBudgets } from '../../src/budgets/budgets.ts'
import { accountEntity, budgetPeriodOf, keyEntity } from '../../src/ledger/entity.ts'
import { openLedger } from '../../src/ledger/open-ledger.ts'
import { openTestStore } from '../tools/database.ts'

const NOON = Date.UTC(2026, 10, 25, 12)
const DAY = { period: 'day' as const, amount: 100 }
const MONTH = { period: 'month' as const, amount: 1_000 }

it('a key that is changed while its periods are looked up is charged in all of its budgets', async () => {
  const { store } = await openTestStore()
  await store.write([
    store.db.insertInto('key').values({
      ...{ id: 1, account_id: 1, digest: 'd', pepper_id: 1, sealed: null, hint: '', name: '' },
      ...{ status: 1, created_time: 1, accessed_time: 1, expired_time: -1, unlimited_quota: 0 },
      ...{ model_limits_enabled: 0, model_limits: '', allow_ips: null, group_name: '' },
      ...{ cross_group_retry: 0, extra: JSON.stringify({ budgets: [DAY] }), deleted_at: null },
    }),
  ])
  const owner = keyEntity(1)
  const account = { entity: accountEntity(1), budgets: [] }
  const periodsOf = async (room: Budgets, budgets: readonly BudgetWish[]) => {
    const running = await room.running(compileBudgets({ entity: owner, budgets }, account) ?? [])
    return running.map((entity) => budgetPeriodOf(entity).period)
  }
  const newLedger = () => openLedger(store, Date.now)
  const before = createBudgets({ store, ledger: newLedger(), now: () => NOON })
  expect(await periodsOf(before, [DAY])).toEqual(['day'])

  // The day is known already when the month is written.
  const both = JSON.stringify({ budgets: [DAY, MONTH] })
  await store.write([store.db.updateTable('key').set({ extra: both }).where('id', '=', 1)])
  let forgotten = 0
  const room = createBudgets({
    ...{ ledger: newLedger(), now: () => NOON },
    store: {
      ...store,
      async write(...asked) {
        const written = await store.write(...asked)
        // As the key cache does when the key was changed, or its account, or a group.
        if (forgotten++ === 0) room.forget(owner)
        return written
      },
    },
  })
  expect(await periodsOf(room, [DAY, MONTH])).toEqual(['day', 'month'])
  expect(forgotten).toBe(1)
})
