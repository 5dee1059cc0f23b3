import { type LaneSettled, NotApplied, type Settle } from '../../src/storage/lanes/ledger-calls.ts'
import type { Settlement } from '../../src/storage/store.ts'
import { type Database, holdKey } from './database.ts'

/** What a settlement charged; `known` when its record was there before. */
interface Charge {
  readonly charged: number
  readonly known: boolean
}

const NO_BALANCE = { remain: 0, used: 0, requests: 0 }

/** `turnpike_settle`. */
export function settle(
  database: Database,
  { epoch, seq, settlements }: Settle,
): readonly LaneSettled[] | 'lost' {
  return database.journal.transact(() => {
    for (const { record } of settlements) {
      // An array of whole numbers takes no fraction: the statement fails before it is run.
      if (!Number.isInteger(record.prompt_tokens)) throw new NotApplied('22P02', true)
    }
    const next = database.advance(epoch, 'settle', seq)
    if (next === undefined) return 'lost'
    const charges = next
      ? apply(database, epoch, settlements)
      : settlements.map(({ record }) => chargedBefore(database, record.request_id))
    return settlements.map(({ cost, key, account, budgets }, at) => {
      const charged = charges[at]?.charged ?? 0
      return {
        charged,
        shortfall: Math.max(cost - charged, 0),
        keySpent: database.holds.get(holdKey(epoch, key))?.spent ?? 0,
        accountSpent: database.holds.get(holdKey(epoch, account))?.spent ?? 0,
        budgetsSpent: budgets.map((one) => database.holds.get(holdKey(epoch, one))?.spent ?? 0),
      }
    })
  })
}

function chargedBefore(database: Database, id: string): Charge {
  const [row] = database.usage.get(id) ?? []
  return { charged: row?.charged ?? 0, known: row !== undefined }
}

function apply(database: Database, epoch: number, settlements: readonly Settlement[]): Charge[] {
  const charges = isCovered(database, epoch, settlements)
    ? settlements.map((settlement) => ({ charged: mostOf(database, settlement), known: false }))
    : chargeSlowly(database, epoch, settlements)
  for (const [at, settlement] of settlements.entries()) {
    const { charged, known } = charges[at] as Charge
    if (known) continue
    record(database, settlement, charged)
    if (isLate(database, epoch, settlement)) continue
    spend(database, holdKey(epoch, settlement.key), settlement, charged)
    spend(database, holdKey(epoch, settlement.account), settlement, charged)
    for (const budget of settlement.budgets) {
      spend(database, holdKey(epoch, budget), settlement, charged)
    }
  }
  return charges
}

const isLate = ({ weakness }: Database, epoch: number, settlement: Settlement): boolean =>
  settlement.epoch !== epoch && weakness !== 'late'

/** The most that a call may be charged: what it holds. */
const mostOf = ({ weakness }: Database, { cost, atMost }: Settlement): number =>
  weakness === 'at most' ? cost : Math.min(cost, atMost)

/** Whether every payer's hold covers all that the call charges to it, and nothing is late. */
function isCovered(database: Database, epoch: number, settlements: readonly Settlement[]): boolean {
  const due = new Map<number, number>()
  for (const settlement of settlements) {
    if (settlement.epoch !== epoch) return false
    for (const entity of payersOf(settlement)) {
      due.set(entity, (due.get(entity) ?? 0) + mostOf(database, settlement))
    }
  }
  for (const [entity, charge] of due) {
    const hold = database.holds.get(holdKey(epoch, entity))
    if (charge > (hold === undefined ? 0 : hold.granted - hold.spent)) return false
  }
  return true
}

/** `turnpike_charge_slowly`: purses are filled once, and emptied one settlement after the other. */
function chargeSlowly(
  database: Database,
  epoch: number,
  settlements: readonly Settlement[],
): Charge[] {
  const late = new Map<number, number>()
  const held = new Map<number, number>()
  for (const { key, account, budgets } of settlements) {
    for (const entity of [key, account, ...budgets]) {
      const hold = database.holds.get(holdKey(epoch, entity))
      held.set(entity, hold === undefined ? 0 : hold.granted - hold.spent)
      late.set(entity, database.balances.get(entity)?.remain ?? 0)
    }
  }
  return settlements.map((settlement) => {
    const before = chargedBefore(database, settlement.record.request_id)
    const mayBeKnown = settlement.epoch !== epoch && database.weakness !== 'dedupe'
    if (mayBeKnown && before.known) return before
    const wasLate = isLate(database, epoch, settlement)
    const purses = wasLate ? late : held
    const payers = payersOf(settlement)
    let charged = wasLate ? settlement.cost : mostOf(database, settlement)
    for (const entity of payers) charged = Math.min(charged, purses.get(entity) ?? 0)
    for (const entity of payers) purses.set(entity, (purses.get(entity) ?? 0) - charged)
    if (wasLate) {
      for (const entity of [settlement.key, settlement.account, ...settlement.budgets]) {
        const balance = database.balances.get(entity) ?? NO_BALANCE
        database.balances.set(entity, {
          remain: balance.remain - (payers.includes(entity) ? charged : 0),
          used: balance.used + charged,
          requests: balance.requests + 1,
        })
      }
    }
    return { charged, known: false }
  })
}

function payersOf(settlement: Settlement): number[] {
  const { key, account, keyUnlimited, accountUnlimited, budgets } = settlement
  const payers = [...budgets]
  if (!keyUnlimited) payers.push(key)
  if (!accountUnlimited) payers.push(account)
  return payers
}

function record(database: Database, settlement: Settlement, charged: number): void {
  const { usage, charged: sums } = database
  const id = settlement.record.request_id
  database.everCharged.set(id, charged)
  const row = { settlement, charged, shortfall: settlement.cost - charged }
  usage.set(id, [...(usage.get(id) ?? []), row])
  for (const entity of payersOf(settlement)) sums.set(entity, (sums.get(entity) ?? 0) + charged)
}

/** The node's own row of an entity, made when there is none: unlimited payers are counted there, too. */
function spend(database: Database, key: string, settlement: Settlement, charged: number): void {
  const [epoch = 0, entity = 0] = key.split('/').map(Number)
  const hold = database.holds.get(key) ?? {
    ...{ epoch, entity },
    ...{ granted: 0, spent: 0, used: 0, requests: 0 },
  }
  const taken = payersOf(settlement).includes(entity) ? charged : 0
  database.holds.set(key, {
    ...hold,
    spent: hold.spent + taken,
    used: hold.used + charged,
    requests: hold.requests + 1,
  })
}
