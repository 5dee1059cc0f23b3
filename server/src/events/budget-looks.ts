import { type BudgetWish, readBudgets } from '../budgets/budget.ts'
import { momentIn, spanOf } from '../budgets/calendar.ts'
import { budgetPeriodOf, type Entity, type Period } from '../ledger/entity.ts'
import type { Store } from '../storage/store.ts'
import type { Look, LookParts } from './balance-looks.ts'
import { markStatement, tellOnce } from './marks.ts'
import { thresholdReached } from './threshold.ts'

/** Budgets that calls have spent to a threshold. */
export const lookAtBudgets = (parts: LookParts): Look => {
  const { db } = parts.store
  return async ({ usage }) => {
    const paying = await db
      .selectFrom('usage')
      .select('budgets')
      .distinct()
      .where('id', '>', usage.from)
      .where('id', '<=', usage.to)
      .where('budgets', '<>', '')
      .execute()
    const entities = new Set(paying.flatMap(({ budgets }) => budgets.split(',').map(Number)))
    for (const entity of entities) await look(parts, entity)
  }
}

async function look({ store, events, now }: LookParts, entity: Entity): Promise<void> {
  const balances = store.db.selectFrom('balance_now').select(['remain', 'used'])
  const balance = await balances.where('entity', '=', entity).executeTakeFirst()
  if (balance === undefined) return
  const { remain, used } = balance
  const { owner, period, number } = budgetPeriodOf(entity)
  const whose: Whose['whose'] = owner % 4 === 0 ? 'key' : 'account'
  const id = Math.floor(owner / 4)
  // One that is no budget of its owner any more: what could be spent of it.
  const { amount = used + remain, tz = 'UTC' } = await budgetOf(store, { whose, id, period })
  const threshold = thresholdReached(used, amount)
  if (threshold === undefined || (await wasTold(store, entity, threshold))) return
  const facts = {
    ...{ owner: whose, owner_id: id, period, threshold, used, amount },
    resets_at: momentIn(tz, spanOf({ period, number }, tz).until),
  }
  const mark = { kind: 'budget.threshold', subject: entity, value: threshold } as const
  await tellOnce(
    store,
    markStatement(store, mark, now()),
    events.prepare('budget.threshold', facts),
  )
}

/** This threshold, or a higher one. */
async function wasTold({ db }: Store, entity: Entity, threshold: number): Promise<boolean> {
  const told = await db
    .selectFrom('event_mark')
    .select('value')
    .where('kind', '=', 'budget.threshold')
    .where('subject', '=', entity)
    .where('value', '>=', threshold)
    .executeTakeFirst()
  return told !== undefined
}

interface Whose {
  readonly whose: 'key' | 'account'
  readonly id: number
  readonly period: Period
}

async function budgetOf({ db }: Store, { whose, id, period }: Whose): Promise<Partial<BudgetWish>> {
  const column =
    whose === 'key'
      ? db.selectFrom('key').select('extra as limits').where('id', '=', id)
      : db.selectFrom('account').select('limits').where('id', '=', id)
  const row = await column.executeTakeFirst()
  return readBudgets(row?.limits ?? null).find((one) => one.period === period) ?? {}
}
