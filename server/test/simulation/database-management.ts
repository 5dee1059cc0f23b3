import type { BudgetWish } from '../../src/budgets/budget.ts'
import { budgetPeriodOf, keyEntity } from '../../src/ledger/entity.ts'
import type { Statement } from '../../src/storage/store.ts'
import type { Change } from '../../src/storage/tables.ts'
import { type Database, holdKey } from './database.ts'

const MOST_UNITS = 1e15
const NOTHING = { remain: 0, used: 0, requests: 0 }

const ofBalance = (entity: number): Change => ({ kind: 'balance', subject: String(entity) })

/** The row of a key or an account was changed. */
const ofOwner = (owner: number): Change => ({
  kind: owner % 4 === keyEntity(0) ? 'key' : 'account',
  subject: String(Math.floor(owner / 4)),
})

/** A row's change that no table here shows. */
export function changeOwner(database: Database, owner: number): void {
  database.journal.transact(() => database.note([ofOwner(owner)]))
}

/** A new balance, and the entry that explains it. */
export function openBalance(database: Database, entity: number, amount: number): void {
  database.journal.transact(() => {
    database.balances.set(entity, { remain: amount, used: 0, requests: 0 })
    enter(database, entity, amount)
  })
}

/** `turnpike_change_balance` and its entry; what the entity has afterwards, or undefined when nothing was done. */
export function changeBalance(
  database: Database,
  { entity, delta }: { entity: number; delta: number },
): number | undefined {
  return database.journal.transact(() => {
    const whole = take(database, entity, delta)
    if (whole === undefined) return undefined
    enter(database, entity, delta)
    database.note([ofBalance(entity)])
    return whole
  })
}

/**
 * What a refund writes (ledger/refund.ts): once for each request, to all who paid, and nothing where nothing was charged;
 * false then. A balance that would hold too much takes nothing back.
 */
export function refundCall(
  database: Database,
  { request, charge, payers }: { request: string; charge: number; payers: readonly number[] },
): boolean {
  return database.journal.transact(() => {
    if (charge === 0) return false
    const cause = `refund:${request}`
    const isDone = database.corrections.get(cause) !== undefined
    if (isDone && database.weakness !== 'refund again') throw new DoneBefore()
    database.corrections.set(cause, -charge)
    for (const entity of payers) {
      if (database.balances.get(entity) === undefined) continue
      giveBack(database, entity, { key: `${cause}:${entity}`, charge })
      database.note([ofBalance(entity)])
    }
    return true
  })
}

function giveBack(
  database: Database,
  entity: number,
  { key, charge }: { key: string; charge: number },
): void {
  if (take(database, entity, charge) === undefined) return
  const { refunds, refunded } = database
  refunds.set(key, (refunds.get(key) ?? 0) + charge)
  refunded.set(entity, (refunded.get(entity) ?? 0) + charge)
  enter(database, entity, charge)
}

/** `turnpike_set_balance`. */
export function setBalance(database: Database, entity: number, amount: number): void {
  database.journal.transact(() => {
    if (database.balances.get(entity) === undefined) return
    const delta = amount - database.whole(entity)
    if (delta !== 0) enter(database, entity, delta)
    take(database, entity, delta)
    database.note([ofBalance(entity)])
  })
}

/** `turnpike_reopen_budget` and `turnpike_open_budget`; nothing when the owner has no such budget. `cached`: what a weakened node says it is. */
export function openBudget(
  database: Database,
  entity: number,
  cached?: number,
): { readonly budget: number; readonly remain: number } | undefined {
  return database.journal.transact(() => {
    const { owner, period } = budgetPeriodOf(entity)
    const wishes = database.owners.get(owner)?.budgets ?? []
    const amount = cached ?? wishes.find((wish) => wish.period === period)?.amount
    if (amount === undefined) return undefined
    // A row without an entry but refunds was made by calls that settled after a failover had lost the opening.
    const again = database.balances.get(entity) !== undefined
    const isOpen = database.opened.get(entity) === true
    if (!isOpen) {
      const { remain, ...sums } = database.balances.get(entity) ?? NOTHING
      database.balances.set(entity, { ...sums, remain: remain + amount })
      enter(database, entity, amount)
      database.opened.set(entity, true)
      // Of a balance that nobody knows nobody needs to hear.
      if (again) database.note([ofBalance(entity)])
    }
    return { budget: entity, remain: database.whole(entity) }
  })
}

export interface BudgetsUpdate {
  readonly owner: number
  readonly wishes: readonly BudgetWish[]
  /** By period that may run: `turnpike_set_budgets`. */
  readonly amounts: ReadonlyMap<number, number>
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** The owner's row, and what its running periods have left of new amounts, in one write. */
export function updateBudgets(database: Database, update: BudgetsUpdate): void {
  const { owner, wishes, amounts, atMs } = update
  database.journal.transact(() => {
    const changed: number[] = []
    for (const [entity, amount] of amounts) {
      const balance = database.balances.get(entity)
      if (balance === undefined || database.weakness === 'running budget') continue
      const left = amount - netUsed(database, entity)
      if (left < 0) database.overdrawn.add(entity)
      const delta = Math.max(left, 0) - database.whole(entity)
      if (delta === 0) continue
      enter(database, entity, delta)
      database.opened.set(entity, true)
      take(database, entity, delta)
      changed.push(entity)
    }
    database.owners.set(owner, { budgets: wishes, atMs })
    database.note([ofOwner(owner), ...changed.map(ofBalance)])
  })
}

/** The amounts of periods that the statements of such an update set. */
export function amountsOf(statements: readonly Statement[]): ReadonlyMap<number, number> {
  const amounts = new Map<number, number>()
  for (const { parameters } of statements) {
    const [entities, units] = parameters
      .slice(0, 2)
      .map((array) => String(array).slice(1, -1).split(',').map(Number))
    for (const [at, entity] of entities?.entries() ?? []) amounts.set(entity, units?.[at] ?? 0)
  }
  return amounts
}

/** A key's row is gone; what it has left stays for calls that run. */
export function deleteKey(database: Database, key: number): void {
  database.journal.transact(() => {
    database.owners.delete(key)
    if (database.weakness === 'no tombstone') database.balances.delete(key)
    database.note([ofOwner(key)])
  })
}

/** What was used of an entity and not given back, as `balance_now` and entries say. */
export function netUsed(database: Database, entity: number): number {
  const held = database.holdsOf(entity).reduce((sum, { used }) => sum + used, 0)
  const used = (database.balances.get(entity)?.used ?? 0) + held
  return used - (database.refunded.get(entity) ?? 0)
}

/** A correction with this cause is there already. */
export class DoneBefore extends Error {
  override readonly name = 'DoneBefore'
}

function enter(database: Database, entity: number, delta: number): void {
  database.granted.set(entity, (database.granted.get(entity) ?? 0) + delta)
}

/** First what nobody borrowed, then what nodes have not spent. */
function take(database: Database, entity: number, delta: number): number | undefined {
  const balance = database.balances.get(entity)
  if (balance === undefined) return undefined
  const whole = database.whole(entity)
  if (whole + delta < 0 || whole + delta > MOST_UNITS) return undefined
  database.balances.set(entity, { ...balance, remain: Math.max(balance.remain + delta, 0) })
  let missing = Math.max(-(balance.remain + delta), 0)
  for (const hold of database.holdsOf(entity)) {
    if (missing === 0) break
    const part = Math.min(missing, hold.granted - hold.spent)
    const key = holdKey(hold.epoch, entity)
    const kept = database.weakness === 'confiscation' ? 0 : part
    database.holds.set(key, { ...hold, granted: hold.granted - kept })
    database.confiscated.set(key, (database.confiscated.get(key) ?? 0) + part)
    if (part > 0) database.everConfiscated.add(key)
    missing -= part
  }
  return whole + delta
}
