import { sql } from 'kysely'
import { accountEntity, isBudget, keyEntity } from '../ledger/entity.ts'
import { RENOUNCED } from '../ledger/running-reservation.ts'
import { changeBalance, correctUsed } from '../ledger/statements.ts'
import { type Compilable, mustChange, type Statement } from '../storage/store.ts'
import { correcting, correctionsOf } from '../usage/corrections.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'
import { balancesOf, type Change, calledFor, changesOf } from './end.ts'
import { type Job, readJob } from './job.ts'
import type { JobsParts } from './jobs.ts'

export interface LateChargesParts extends JobsParts {
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 600_000
/** A settlement does not wait longer for its database: then its process is gone, or a person has been called. */
const REMEMBERED_MS = 86_400_000
const UNCORRECTED = { quota: 0, shortfall: 0 }

/**
 * Starts the rounds that give back what was charged twice: a job whose settlement waited too long in a living process was
 * charged at its end, and then the settlement came. A round in the place of a condition in every settlement, which all calls
 * would pay for; and it is there after a crash, too.
 */
export function createLateCharges(parts: LateChargesParts): Rounds {
  async function round(over: () => boolean): Promise<void> {
    for (const late of await lateOnes(parts)) {
      if (over()) return
      // What does not go through now, because somebody else was faster or a balance has changed, is looked at again.
      await parts.store.write(await givingBack(parts, late))
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed: parts.failed })
}

interface Late {
  readonly job: Job
  /** Units that the record charges which came too late. */
  readonly quota: number
}

/** Ends that were charged without a record, of which there is one now that charges something, or was renounced. */
async function lateOnes({ store, now }: JobsParts): Promise<readonly Late[]> {
  const rows = await store.db
    .selectFrom('job')
    .innerJoin('usage', 'usage.request_id', 'job.request_id')
    .selectAll('job')
    .select('usage.quota as late')
    .where('job.ended_at_ms', '>', now() - REMEMBERED_MS)
    .where('job.charged', '=', 0)
    .where('job.cost', '>', 0)
    .where(({ or, eb }) => or([eb('usage.quota', '>', 0), eb('usage.error_code', '=', RENOUNCED)]))
    .execute()
  return rows.map(({ late, ...row }) => ({ job: readJob(row), quota: late }))
}

/** Of both charges stands what the job cost, and of a renounced call nothing. The end reads as if it had seen the record. */
async function givingBack(
  parts: JobsParts,
  { job, quota }: Late,
): Promise<readonly (Statement | Compilable)[]> {
  const { store, now } = parts
  const { requestId, accountId, keyId, payers } = job
  const called = await calledFor(store, job)
  const before = (await correctionsOf(store, [requestId])).get(requestId) ?? UNCORRECTED
  if (called === undefined) return []
  const paid = quota + before.quota
  const cost = called.renounced === true ? 0 : (job.cost ?? 0)
  const { correction, changes } = changesOf(
    await balancesOf(parts, payers),
    Math.min(0, cost - paid),
  )
  const shortfall = cost - paid - correction
  const row = {
    ...{ cause: `late:${requestId}`, requestId, accountId, keyId, called, atMs: now() },
    ...{ budgets: payers.filter(isBudget), quota: correction },
    shortfall: shortfall - called.shortfall - before.shortfall,
  }
  const used = [keyEntity(keyId), accountEntity(accountId), ...payers]
  const isCorrected = row.quota !== 0 || row.shortfall !== 0
  return [
    mustChange(seen(store, job, { quota, cost, correction, shortfall })),
    mustChange(stillPaid(store, requestId, paid)),
    ...(isCorrected ? [...correctUsed(store, used, correction), ...correcting(store, row)] : []),
    // Balances are locked by now; what nodes have borrowed of them is locked by number.
    ...changes
      .toSorted((a, b) => a.entity - b.entity)
      .flatMap((change) => entryOf(parts, job, change)),
  ]
}

interface Seen {
  readonly quota: number
  readonly cost: number
  readonly correction: number
  readonly shortfall: number
}

const seen = ({ db }: JobsParts['store'], { id, correction = 0 }: Job, now: Seen) =>
  db
    .updateTable('job')
    .set({
      ...{ charged: now.quota, cost: now.cost, shortfall: now.shortfall },
      correction: correction + now.correction,
    })
    .where('id', '=', id)
    .where('charged', '=', 0)
    .where('cost', '>', 0)

/** A failover may have lost the record, and a refund may have come just now. */
const stillPaid = ({ db }: JobsParts['store'], requestId: string, paid: number) =>
  db
    .selectFrom('usage')
    .select('id')
    .where('request_id', '=', requestId)
    .where(
      sql`quota + (select coalesce(sum(quota), 0) from correction where request_id = ${requestId})`,
      '=',
      paid,
    )

const entryOf = (
  { store, now }: JobsParts,
  { requestId, kind }: Job,
  { entity, delta }: Change,
): readonly Statement[] =>
  changeBalance(store, {
    ...{ entity, delta, kind: 'refund', actor: 'gateway' },
    reason: `request ${requestId}: ${kind} charged twice`,
    idempotency: `late:${requestId}:${entity}`,
    seconds: Math.floor(now() / 1000),
  }).map(mustChange)
