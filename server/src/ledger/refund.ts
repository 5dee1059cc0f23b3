import { sql } from 'kysely'
import { type Clock, pauseOn } from '../storage/lanes/clock.ts'
import { statementOf } from '../storage/statement-of.ts'
import {
  type Compilable,
  mustChange,
  type Settlement,
  type Statement,
  type Store,
} from '../storage/store.ts'
import { untilTaken } from '../storage/until-taken.ts'
import { adding } from '../usage/corrections.ts'
import type { Entity } from './entity.ts'
import { wasDoneBefore } from './entries.ts'
import { correctUsed } from './statements.ts'
import { MOST_UNITS } from './units.ts'

const LOOK_MS = 1_000
/**
 * A charge that a failover has lost is looked for so often, and so long: a copy of its settlement that was delayed may
 * find its number free again, and be charged after all. No statement is on its way for half of that.
 */
const LOOKS = 40
/** What a failover loses is not older, with the time until a node hears of it. */
const REMEMBERED_MS = 600_000

export type RefundClock = Pick<Clock, 'after' | 'idly'>

type Books = Pick<Store, 'db' | 'dialect'>
export type RefundStore = Books & Pick<Store, 'write' | 'onBehind'>

type Statements = readonly (Statement | Compilable)[]

/** What a usage record and its correction say alike. */
const CALLED = [
  ...(['request_id', 'account_id', 'key_id', 'key_name', 'model', 'group_name'] as const),
  ...(['channel_id', 'status', 'budgets'] as const),
]

/** The correction with this cause says that a call was renounced: from then on it costs nothing. */
export const causeOfRefund = (requestId: string): string => `refund:${requestId}`

/**
 * Gives back what a call took from finite balances, as the books say it, and corrects what it cost, in one write. Goes on
 * until the disk takes it, and does nothing when the request was refunded before. A balance that was filled up to the most
 * that it can hold meanwhile takes nothing back. A charge that a failover has lost is not given back: its units were
 * returned when it was lost. A refund that a failover has lost, and not its charge, is given again.
 */
export function createRefund(store: RefundStore, now: () => number, clock: RefundClock) {
  const recent = new Set<Settlement>()
  store.onBehind(() => {
    // What even retrying can't write is missing from the books, as it would be the first time.
    for (const settlement of recent) give(settlement).catch(() => undefined)
  })

  const give = (settlement: Settlement): Promise<void> =>
    untilDone(store, clock, refund(store, settlement, now()))

  return (settlement: Settlement): Promise<void> => {
    recent.add(settlement)
    clock.idly(REMEMBERED_MS, () => recent.delete(settlement))
    return give(settlement)
  }
}

/** The first is there to stop the write where nothing was charged. */
function refund(store: Books, settlement: Settlement, atMs: number): Statements {
  const { key, account, keyUnlimited, accountUnlimited, budgets, record } = settlement
  const cause = causeOfRefund(record.request_id)
  const payers = [...budgets]
  if (!keyUnlimited) payers.push(key)
  if (!accountUnlimited) payers.push(account)
  const paid = sql<number>`(select quota from correction where cause = ${cause})`
  return [
    mustChange(chargeOf(store, record.request_id).select('quota')),
    noted(store, record.request_id, atMs),
    ...correctUsed(store, [key, account, ...budgets], paid),
    ...adding(store, { cause }),
    // Balances are locked by now; what nodes have borrowed of them is locked by number.
    ...payers
      .toSorted((a, b) => a - b)
      .flatMap((entity) => giveBack(store, { entity, requestId: record.request_id, atMs })),
  ]
}

const chargeOf = ({ db }: Books, requestId: string) =>
  db.selectFrom('usage').where('request_id', '=', requestId).where('quota', '>', 0).limit(1)

/** The call costs nothing, whatever the end of a job that it began has corrected before. */
function noted(store: Books, requestId: string, atMs: number): Compilable {
  const left = (column: 'quota' | 'shortfall') => {
    const before = sql`(select coalesce(sum(${sql.ref(column)}), 0) from correction where request_id = ${requestId})`
    return sql<number>`cast(-${sql.ref(`usage.${column}`)} - ${before} as bigint)`.as(column)
  }
  return store.db
    .insertInto('correction')
    .columns(['cause', 'created_at_ms', 'quota', 'shortfall', 'called_at_ms', ...CALLED])
    .expression(
      chargeOf(store, requestId)
        .select([sql.val(causeOfRefund(requestId)).as('cause'), sql.val(atMs).as('created_at_ms')])
        .select([left('quota'), left('shortfall'), 'created_at_ms as called_at_ms', ...CALLED]),
    )
}

interface GivenBack {
  readonly entity: Entity
  readonly requestId: string
  readonly atMs: number
}

/** What the call is corrected by: nothing, where the end of its job gave all back. */
function giveBack(
  { db, dialect }: Books,
  { entity, requestId, atMs }: GivenBack,
): readonly Statement[] {
  const cause = causeOfRefund(requestId)
  const charge = sql`(select -quota as quota from correction where cause = ${cause} and quota < 0) as charge`
  const isShared = dialect === 'postgres'
  // The entry reads the balance that the second statement changes, or changes it itself where nodes have borrowed of it.
  const fitting = isShared
    ? sql`turnpike_change_balance(${entity}, charge.quota, ${MOST_UNITS}) as given`
    : sql`balance as given where entity = ${entity} and remain + charge.quota <= ${MOST_UNITS}`
  const entry = sql`insert into entry (entity, delta, kind, reason, actor, idempotency, created_at)
    select given.entity, charge.quota, 'refund', ${`request ${requestId}`}, 'gateway', ${`${cause}:${entity}`},
      ${Math.floor(atMs / 1000)} from ${charge}, ${fitting}`
  const balance = isShared
    ? sql`select entity, remain from balance_now where entity = ${entity}`
    : sql`update balance set remain = remain + charge.quota from ${charge}
        where entity = ${entity} and remain + charge.quota <= ${MOST_UNITS} returning entity, remain`
  return [entry, balance].map((raw) => statementOf(db, raw))
}

async function untilDone(
  store: Pick<Store, 'write'>,
  clock: Pick<Clock, 'after'>,
  statements: Statements,
): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks++) {
    try {
      const written = await untilTaken(() => store.write(statements), clock)
      if (written.done) return
    } catch (failure) {
      if (wasDoneBefore(failure)) return
      throw failure
    }
    await pauseOn(clock, LOOK_MS)
  }
}
