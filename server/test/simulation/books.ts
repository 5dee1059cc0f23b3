import { spanAt } from '../../src/budgets/calendar.ts'
import { budgetPeriodOf } from '../../src/ledger/entity.ts'
import { StorageUnavailable } from '../../src/storage/failures.ts'
import { finite, type RunningCall } from './calls.ts'
import { type Database, holdKey } from './database.ts'
import { netUsed } from './database-management.ts'
import { createEnough, type Enough } from './enough.ts'
import { createHeld, type Held } from './held.ts'
import type { Simulation } from './simulation.ts'
import { Violation } from './world.ts'

/** Judges what must always be so (design.md, section 3). */
export interface Books {
  readonly enough: Enough
  /** After every commit. */
  check(): void
  /** A call was given units. */
  reserved(call: RunningCall): void
  /** A call gave its units back. */
  released(call: RunningCall): void
  /** A call was told that its settlement is durable. */
  acknowledged(call: RunningCall): void
  /** A call was told that its settlement was given up. */
  rejected(call: RunningCall, failure: unknown): void
  /** When everything has ended: every settlement that was asked for is on the books. */
  whole(): void
}

export function createBooks(simulation: Simulation): Books {
  const { database, calls } = simulation
  const held = createHeld(database)
  const fail = (what: string) => simulation.world.fail(new Violation(what))
  const enough = createEnough(simulation, held)

  function mustLive(call: RunningCall): void {
    const { node, epoch, id } = call
    // Of unlimited balances nothing is held.
    if (finite(call).length === 0) return
    // What a failover lost, its node finds out with its next call: it was not fenced.
    if (node.misled || database.tainted.has(epoch)) return
    if (database.lanes.get(epoch) === undefined)
      fail(`${id} was given units under ${epoch}, which has ended`)
  }

  function touch(call: RunningCall): void {
    for (const entity of finite(call)) database.touched.add(entity)
  }

  /** Of what nobody touched, what was so is so. */
  function check(): void {
    for (const entity of database.touched) {
      checkBalance(database, entity, fail)
      checkHolds(database, held, entity, fail)
    }
    enough.look()
  }

  return {
    enough,
    check,
    reserved(call) {
      mustLive(call)
      held.add(call)
      touch(call)
      check()
    },
    released: touch,
    acknowledged(call) {
      checkAcknowledged(database, call, fail)
    },
    rejected({ id, node }, failure) {
      // Only what is asked of a process that has settled all and ends: a full waiting room is not reached here.
      if (!(failure instanceof StorageUnavailable) || !node.ends)
        fail(`the settlement of ${id} was given up: ${String(failure)}`)
    },
    whole() {
      for (const [entity] of database.balances.rows()) database.touched.add(entity)
      for (const [, { entity }] of database.holds.rows()) database.touched.add(entity)
      check()
      for (const call of calls.values()) checkEnded(database, call, fail)
      checkRefunds(database, fail)
      checkSums(database, fail)
      checkBudgets(database, fail)
    },
  }
}

type Fail = (what: string) => void

/** Granted by management = at hand in the database + on loan and not spent + charged; nothing below zero. */
function checkBalance(database: Database, entity: number, fail: Fail): void {
  let lent = 0
  for (const { epoch, granted, spent } of database.holdsOf(entity)) {
    if (spent < 0 || spent > granted)
      fail(`hold ${holdKey(epoch, entity)} has spent ${spent} of ${granted}`)
    lent += granted - spent
  }
  const balance = database.balances.get(entity)
  if (balance === undefined) return
  if (balance.remain < 0) fail(`entity ${entity} has ${balance.remain}`)
  const granted = database.granted.get(entity) ?? 0
  const charged = database.charged.get(entity) ?? 0
  const is = balance.remain + lent + charged
  if (granted !== is) fail(`entity ${entity} was granted ${granted} and has and spent ${is}`)
}

/** No epoch's calls hold more than it has borrowed, but for what management took away while they ran. */
function checkHolds(database: Database, held: Held, entity: number, fail: Fail): void {
  for (const [epoch, amount] of held.of(entity)) {
    if (amount === 0) continue
    const key = holdKey(epoch, entity)
    const hold = database.holds.get(key)
    const free = hold === undefined ? 0 : hold.granted - hold.spent
    const taken = database.confiscated.get(key) ?? 0
    if (amount > free + taken) fail(`calls hold ${amount} of hold ${key}, in which are ${free}`)
  }
}

/** What a client was told is on the books, once, with that charge; whose units were there has paid all. */
function checkAcknowledged(database: Database, call: RunningCall, fail: Fail): void {
  const { id, answer, cost, held = 0 } = call
  if (answer === undefined || database.lost.has(id)) return
  const rows = database.usage.get(id) ?? []
  const [row] = rows
  if (rows.length !== 1 || row === undefined) {
    fail(`${id} was acknowledged and is ${rows.length} times on the books`)
    return
  }
  if (row.charged !== answer.charged || row.shortfall !== answer.shortfall)
    fail(`${id} was told of ${answer.charged}, and charged ${row.charged}`)
  const mayBeShort =
    call.renounced ||
    database.tainted.has(call.epoch) ||
    database.lanes.get(call.epoch) === undefined ||
    call.epoch !== call.node.loans.epoch ||
    finite(call).some((entity) => database.everConfiscated.has(holdKey(call.epoch, entity)))
  if (!mayBeShort && row.charged < Math.min(cost, held))
    fail(`${id} held ${held}, cost ${cost}, and was charged ${row.charged}`)
}

function checkEnded(database: Database, call: RunningCall, fail: Fail): void {
  const { id, node, held, released, answer, rejected } = call
  const rows = database.usage.get(id) ?? []
  if (rows.length > 1) fail(`${id} is ${rows.length} times on the books`)
  if (released && rows.length > 0) fail(`${id} was released, and is on the books`)
  if (node.owner.gone && answer === undefined) return
  if (held === undefined) {
    if (!released) fail(`${id} never ended`)
    return
  }
  if (answer === undefined && !rejected) fail(`the settlement of ${id} was never answered`)
  if (rows.length === 0 && !rejected && !database.lost.has(id)) fail(`${id} was dropped`)
  if (call.renounced && !node.owner.gone && !rejected) checkRenounced(database, call, fail)
}

/** A client that was told of a failure pays nothing. */
function checkRenounced(database: Database, call: RunningCall, fail: Fail): void {
  const [row] = database.usage.get(call.id) ?? []
  if (row === undefined || row.charged === 0) return
  for (const entity of finite(call)) {
    const key = `refund:${call.id}:${entity}`
    // Who closes hears of no failover any more.
    const isForgotten = call.node.closing && database.lostRefunds.has(key)
    if (database.refunds.get(key) === undefined && !isForgotten)
      fail(`${call.id} was renounced, and entity ${entity} has paid ${row.charged}`)
  }
}

/** Nobody is given back what was not charged, or what a failover has returned already. */
function checkRefunds(database: Database, fail: Fail): void {
  for (const [key, given] of database.refunds.rows()) {
    const [, id = ''] = key.split(':')
    const charged = database.usage.get(id)?.[0]?.charged ?? 0
    if (given !== charged) fail(`${key} gave back ${given}, and ${id} was charged ${charged}`)
  }
}

/** The sums beside the balances agree with the records, too. */
function checkSums(database: Database, fail: Fail): void {
  const used = new Map<number, { used: number; requests: number; charged: number }>()
  const count = (entity: number, unlimited: boolean, charged: number) => {
    const sum = used.get(entity) ?? { used: 0, requests: 0, charged: 0 }
    sum.used += charged
    sum.requests += 1
    if (!unlimited) sum.charged += charged
    used.set(entity, sum)
  }
  for (const [, rows] of database.usage.rows()) {
    for (const { settlement, charged } of rows) {
      const { key, account, keyUnlimited, accountUnlimited, budgets } = settlement
      count(key, keyUnlimited, charged)
      count(account, accountUnlimited, charged)
      for (const budget of budgets) count(budget, false, charged)
    }
  }
  for (const entity of used.keys()) {
    // A failover may lose that a period was opened, and then calls of it are charged nothing.
    const mayBeLost = entity % 4 === 2
    if (!mayBeLost && database.balances.get(entity) === undefined)
      fail(`entity ${entity} is charged, and has no balance`)
  }
  for (const [entity, balance] of database.balances.rows()) {
    const said = used.get(entity) ?? { used: 0, requests: 0, charged: 0 }
    const holds = database.holdsOf(entity)
    const counted = holds.reduce((sum, hold) => sum + hold.used, balance.used)
    const requests = holds.reduce((sum, hold) => sum + hold.requests, balance.requests)
    if (counted !== said.used || requests !== said.requests)
      fail(`entity ${entity} counts ${counted} in ${requests} calls, not ${said.used}`)
    if ((database.charged.get(entity) ?? 0) !== said.charged)
      fail(`entity ${entity} was charged ${said.charged} by its records`)
  }
}

/** A period has what its owner's row says, less what was used: since the last change of the row, whenever it was opened. */
function checkBudgets(database: Database, fail: Fail): void {
  for (const [entity] of database.balances.rows()) {
    // One that was never opened is when the next call asks for it.
    const isOpen = database.opened.get(entity) === true
    if (entity % 4 !== 2 || !isOpen || database.overdrawn.has(entity)) continue
    const { owner, period, number } = budgetPeriodOf(entity)
    const row = database.owners.get(owner)
    const wish = row?.budgets.find((one) => one.period === period)
    // An update leaves alone what ended before it; some node's clock may be behind.
    if (row === undefined || wish === undefined || number < spanAt(period, 'UTC', row.atMs).number)
      continue
    const left = Math.max(wish.amount - netUsed(database, entity), 0)
    if (database.whole(entity) !== left)
      fail(`budget ${entity} has ${database.whole(entity)} of ${wish.amount}, and not ${left}`)
  }
}
