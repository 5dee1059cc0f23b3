import { sql } from 'kysely'
import { StorageUnavailable } from '../storage/failures.ts'
import { type Clock, pauseOn } from '../storage/lanes/clock.ts'
import { mustChange, type Settlement, type Statement, type Store } from '../storage/store.ts'
import type { Entity } from './entity.ts'
import { wasDoneBefore } from './entries.ts'
import { MOST_UNITS } from './units.ts'

const RETRY_MS = 1_000
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

interface Refund {
  readonly entity: Entity
  readonly requestId: string
  /** Unix seconds. */
  readonly seconds: number
}

/**
 * Gives back what a settlement took from finite balances, as the books say it; what was used stays used. Goes on until
 * the disk takes it, and does nothing when the request was refunded before. Each balance for itself: one that was filled
 * up to the most that it can hold meanwhile takes nothing back. A charge that a failover has lost is not given back: its
 * units were returned when it was lost. A refund that a failover has lost, and not its charge, is given again.
 */
export function createRefund(store: RefundStore, now: () => number, clock: RefundClock) {
  const recent = new Set<Settlement>()
  store.onBehind(() => {
    // What even retrying can't write is missing from the books, as it would be the first time.
    for (const settlement of recent) give(settlement).catch(() => undefined)
  })

  async function give(settlement: Settlement): Promise<void> {
    const { key, account, keyUnlimited, accountUnlimited, budgets, record } = settlement
    const seconds = Math.floor(now() / 1000)
    const requestId = record.request_id
    const payers = [...budgets]
    if (!keyUnlimited) payers.push(key)
    if (!accountUnlimited) payers.push(account)
    await Promise.all(
      payers.map((entity) =>
        untilTaken(store, clock, refund(store, { entity, requestId, seconds })),
      ),
    )
  }

  return (settlement: Settlement): Promise<void> => {
    recent.add(settlement)
    clock.idly(REMEMBERED_MS, () => recent.delete(settlement))
    return give(settlement)
  }
}

/** The first is there to stop the write where nothing was charged. */
function refund(store: Books, { entity, requestId, seconds }: Refund): readonly Statement[] {
  const { db } = store
  const charge = db
    .selectFrom('usage')
    .where('request_id', '=', requestId)
    .where('quota', '>', 0)
    .limit(1)
  const entry = db
    .insertInto('entry')
    .columns(['entity', 'delta', 'kind', 'reason', 'actor', 'idempotency', 'created_at'])
    .expression(
      charge.select([
        sql.val(entity).as('entity'),
        'quota as delta',
        sql.val('refund' as const).as('kind'),
        sql.val(`request ${requestId}`).as('reason'),
        sql.val('gateway').as('actor'),
        sql.val(`refund:${requestId}:${entity}`).as('idempotency'),
        sql.val(seconds).as('created_at'),
      ]),
    )
  return [charge.select('quota'), giveBack(store, entity, requestId), entry].map(mustChange)
}

/** A record is never changed: both statements read the same. */
function giveBack({ dialect }: Books, entity: Entity, requestId: string): Statement {
  if (dialect === 'postgres') {
    const given = `select given.entity, given.remain
      from (select quota from usage where request_id = $1 and quota > 0 limit 1) as charge,
        turnpike_change_balance($2, charge.quota, $3) as given`
    return { sql: given, parameters: [requestId, entity, MOST_UNITS] }
  }
  const given = `update balance set remain = remain + charge.quota
    from (select quota from usage where request_id = ? and quota > 0 limit 1) as charge
    where entity = ? and remain + charge.quota <= ? returning entity, remain`
  return { sql: given, parameters: [requestId, entity, MOST_UNITS] }
}

async function untilTaken(
  store: Pick<Store, 'write'>,
  clock: Pick<Clock, 'after'>,
  statements: readonly Statement[],
): Promise<void> {
  for (let looks = 0; looks < LOOKS; ) {
    try {
      const written = await store.write(statements)
      // What stops it behind the first statement is a balance that holds no more.
      if (written.done || written.stoppedAt > 0) return
      looks++
    } catch (failure) {
      if (wasDoneBefore(failure)) return
      if (!(failure instanceof StorageUnavailable) || !failure.passing) throw failure
    }
    await pauseOn(clock, RETRY_MS)
  }
}
