import { type RawBuilder, sql } from 'kysely'
import type { Compilable, Statement, Store } from '../storage/store.ts'
import { type Entity, inOrderOfLocks } from './entity.ts'
import { MOST_UNITS } from './units.ts'

/** A balance that management opens or sets, as part of a larger write. */
export interface BalanceWish {
  readonly entity: Entity
  /** Units it has afterwards. */
  readonly amount: number
  readonly actor: string
  /** Unix seconds. */
  readonly seconds: number
  readonly reason?: string
}

export interface BalanceDelta {
  readonly entity: Entity
  readonly delta: number
  readonly kind: 'adjust' | 'refund' | 'redeem'
  readonly reason: string
  readonly actor: string
  readonly idempotency?: string | undefined
  readonly seconds: number
}

type Books = Pick<Store, 'db' | 'dialect'>

// Every statement that touches a balance returns `entity, remain`: memory follows from what the commit returned.

/** A new balance and, when there is something in it, the grant that explains it. */
export function openBalance({ db }: Books, wish: BalanceWish): readonly Compilable[] {
  const { entity, amount, actor, seconds, reason = 'opened' } = wish
  const open = db
    .insertInto('balance')
    .values({ entity, remain: inRange(amount), used: 0, requests: 0 })
    .returning(['entity', 'remain'])
  if (amount === 0) return [open]
  const grant = db.insertInto('entry').values({
    entity,
    delta: amount,
    kind: 'grant',
    reason,
    actor,
    idempotency: null,
    created_at: seconds,
  })
  return [open, grant]
}

/** Sets a balance and notes the difference to what it was at that moment; nothing when there is none. */
export function setBalance(
  { db, dialect }: Books,
  wish: BalanceWish,
): readonly (Statement | Compilable)[] {
  const { entity, amount, actor, seconds, reason = 'set' } = wish
  inRange(amount)
  if (dialect === 'postgres') {
    // Nodes have borrowed of it: one function sees to what they hold, and to the entry.
    const call = 'select entity, remain from turnpike_set_balance($1, $2, $3, $4, $5)'
    return [{ sql: call, parameters: [entity, amount, reason, actor, seconds] }]
  }
  // The entry first: it reads the balance that the second statement replaces.
  const entry = db
    .insertInto('entry')
    .columns(['entity', 'delta', 'kind', 'reason', 'actor', 'created_at'])
    .expression((from) =>
      from
        .selectFrom('balance')
        .select((row) => [
          'entity',
          row(row.val(amount), '-', row.ref('remain')).as('delta'),
          sql.val('set' as const).as('kind'),
          sql.val(reason).as('reason'),
          sql.val(actor).as('actor'),
          sql.val(seconds).as('created_at'),
        ])
        .where('entity', '=', entity)
        .where('remain', '<>', amount),
    )
  const set = db
    .updateTable('balance')
    .set({ remain: amount })
    .where('entity', '=', entity)
    .returning(['entity', 'remain'])
  return [entry, set]
}

/** Adds or takes; the first statement must change a row, else the balance would leave its range. */
export function changeBalance(
  books: Books,
  { entity, delta, kind, reason, actor, idempotency = '', seconds }: BalanceDelta,
): readonly [Statement | Compilable, Compilable] {
  const { db } = books
  const entry = db.insertInto('entry').values({
    entity,
    delta,
    kind,
    reason,
    actor,
    idempotency: idempotency === '' ? null : idempotency,
    created_at: seconds,
  })
  return [addTo(books, entity, delta), entry]
}

/**
 * Adds to what entities have used by their calls, or takes from it, whether they are finite or not; what they have left
 * stays. In the order in which everybody locks balances.
 */
export const correctUsed = (
  { db }: Pick<Books, 'db'>,
  entities: readonly Entity[],
  delta: number | RawBuilder<number>,
): readonly Compilable[] =>
  [...new Set(entities)].toSorted(inOrderOfLocks).map((entity) =>
    db
      .updateTable('balance')
      .set((row) => ({ corrected: row('corrected', '+', delta) }))
      .where('entity', '=', entity),
  )

function addTo({ db, dialect }: Books, entity: Entity, delta: number): Statement | Compilable {
  if (dialect === 'postgres') {
    const call = 'select entity, remain from turnpike_change_balance($1, $2, $3)'
    return { sql: call, parameters: [entity, delta, MOST_UNITS] }
  }
  return db
    .updateTable('balance')
    .set((row) => ({ remain: row('remain', '+', delta) }))
    .where('entity', '=', entity)
    .where((row) => row.between(row('remain', '+', delta), 0, MOST_UNITS))
    .returning(['entity', 'remain'])
}

function inRange(amount: number): number {
  if (Number.isSafeInteger(amount) && amount >= 0 && amount <= MOST_UNITS) return amount
  throw new RangeError(`not an amount of units: ${amount}`)
}
