import { type Database, holdKey } from './database.ts'

const MOST_UNITS = 1e15

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
  change: { entity: number; delta: number; idempotency?: string },
): number | undefined {
  return database.journal.transact(() => {
    const { entity, delta, idempotency } = change
    const whole = take(database, entity, delta)
    if (whole === undefined) return undefined
    if (idempotency !== undefined) {
      if (database.idempotency.get(idempotency)) throw new DoneBefore()
      database.idempotency.set(idempotency, true)
    }
    enter(database, entity, delta)
    return whole
  })
}

/** `turnpike_set_balance`. */
export function setBalance(database: Database, entity: number, amount: number): void {
  database.journal.transact(() => {
    if (database.balances.get(entity) === undefined) return
    const delta = amount - database.whole(entity)
    if (delta !== 0) enter(database, entity, delta)
    take(database, entity, delta)
  })
}

/** An entry with this idempotency key is there already. */
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
