import type { Statement, Store } from '../storage/store.ts'
import { type BudgetPeriod, type Entity, keyEntity } from './entity.ts'

type Books = Pick<Store, 'dialect'>

interface OpenedBudget {
  readonly entity: Entity
  readonly budget: BudgetPeriod
  /** Unix seconds. */
  readonly seconds: number
}

/**
 * Opens the balance of a period, unless it is open, with what its owner's budget is at that moment; the last statement
 * says what it has, as `budget, remain`. Nothing happens when the owner has no such budget any more.
 */
export function openBudget(
  { dialect }: Books,
  { entity, budget, seconds }: OpenedBudget,
): Statement[] {
  const { owner, period } = budget
  const ofKey = owner % 4 === keyEntity(0)
  const id = Math.floor(owner / 4)
  if (dialect === 'postgres') {
    const parameters = [entity, ofKey ? id : null, ofKey ? null : id, period, seconds]
    return [
      { sql: 'select entity, remain from turnpike_reopen_budget($1, $2, $3, $4, $5)', parameters },
      { sql: 'select budget, remain from turnpike_open_budget($1, $2, $3, $4, $5)', parameters },
    ]
  }
  const [table, column] = ofKey ? ['key', 'extra'] : ['account', 'limits']
  const ofOwner = `from ${table}, json_each(${table}.${column}, '$.budgets') as one
    where ${table}.id = ? and ${table}.deleted_at is null and one.value ->> 'period' = ?`
  return [
    // The entry first: it looks whether the balance is open, which the second statement sees to.
    {
      sql: `insert into entry (entity, delta, kind, reason, actor, created_at)
        select ?, one.value ->> 'amount', 'grant', 'budget', 'gateway', ? ${ofOwner}
        and not exists (select 1 from balance where entity = ?)`,
      parameters: [entity, seconds, id, period, entity],
    },
    {
      sql: `insert into balance (entity, remain, used, requests)
        select ?, one.value ->> 'amount', 0, 0 ${ofOwner} on conflict (entity) do nothing`,
      parameters: [entity, id, period],
    },
    {
      sql: 'select entity as budget, remain from balance where entity = ?',
      parameters: [entity],
    },
  ]
}

/** New amounts of running periods: what was used so far stays used. */
export interface BudgetAmounts {
  readonly amounts: readonly { readonly entity: Entity; readonly amount: number }[]
  /** Balances that other statements of the same write change: all are locked in one order. */
  readonly also: readonly Entity[]
  readonly actor: string
  readonly seconds: number
}

/** Leaves of each period what its new amount has beyond what was used, 0 at the least; one that is not open stays so. */
export function setBudgets({ dialect }: Books, wish: BudgetAmounts): Statement[] {
  const { amounts, also, actor, seconds } = wish
  if (amounts.length === 0) return []
  if (dialect === 'postgres') {
    const array = (values: readonly number[]) => `{${values.join(',')}}`
    const entities = array(amounts.map(({ entity }) => entity))
    const call =
      'select entity, remain from turnpike_set_budgets($1::bigint[], $2::bigint[], $3::bigint[], $4, $5)'
    const units = array(amounts.map(({ amount }) => amount))
    return [{ sql: call, parameters: [entities, units, array(also), actor, seconds] }]
  }
  return amounts.flatMap(({ entity, amount }) => [
    {
      sql: `insert into entry (entity, delta, kind, reason, actor, created_at)
        select entity, ${LEFT} - remain, 'set', 'budget', ?, ? from balance
        where entity = ? and remain <> ${LEFT}`,
      parameters: [amount, actor, seconds, entity, amount],
    },
    {
      sql: `update balance set remain = ${LEFT} where entity = ? returning entity, remain`,
      parameters: [amount, entity],
    },
  ])
}

/** Of a new amount: what was used and not given back is gone. Only the end of a job adjusts a budget: it charges besides. */
const LEFT = `max(? - used + (
  select coalesce(sum(delta), 0) from entry where entry.entity = balance.entity and kind in ('refund', 'adjust')), 0)`
