import { sql } from 'kysely'
import { accountEntity, type Entity, isBudget, keyEntity } from '../ledger/entity.ts'
import { causeOfRefund } from '../ledger/refund.ts'
import { RENOUNCED } from '../ledger/running-reservation.ts'
import { changeBalance, correctUsed } from '../ledger/statements.ts'
import { MOST_UNITS } from '../ledger/units.ts'
import { type Compilable, mustChange, type Statement } from '../storage/store.ts'
import { calledOf, correcting } from '../usage/corrections.ts'
import type { Job, JobCalled, JobEnd } from './job.ts'
import type { JobsParts } from './jobs.ts'

/** How a job ended. */
export interface Ending {
  readonly state: JobEnd
  /** Units; `undefined`: what was charged for it stands. */
  readonly cost: number | undefined
}

/** What was corrected, in units. */
export interface Ended {
  /** Below 0: given back. */
  readonly correction: number
  /** Of the cost: what its payers had no more. */
  readonly shortfall: number
}

/** A settlement that is not on the books after so long died with its process, before it was written. */
const UNSETTLED_MS = 600_000
/** Balances that others change meanwhile are read again so often. */
const MOST_TRIES = 10

/**
 * Ends jobs. What was charged is asked of the books: the usage record of the call, if it came to be written. What
 * corrects it - entries of those who paid, and what their calls cost in the end - carries a key, and stands in the same
 * write as the end: there is no second one. It is worked out from what was read before; the write judges that again, since
 * a failover may have lost the charge, or it came just now.
 */
export function createEnd(parts: JobsParts) {
  return async function end(job: Job, ending: Ending): Promise<Ended | 'unsettled' | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const charged = await chargedFor(parts.store, job)
      if (charged === undefined && job.createdAtMs + UNSETTLED_MS > parts.now()) return 'unsettled'
      const called = await calledFor(parts.store, job)
      const isRenounced = called?.renounced === true
      const cost = isRenounced ? 0 : (ending.cost ?? charged ?? job.estimate)
      // Of a renounced call nothing is charged, or all was given back by its refund.
      const wanted = isRenounced ? 0 : cost - (charged ?? 0)
      const balances = await balancesOf(parts, job.payers)
      const { correction, changes } = changesOf(balances, wanted)
      const shortfall = Math.max(0, wanted - correction)
      const row = { ...ending, cost, correction, shortfall }
      const stands = isRenounced || ending.cost === undefined
      const written = await parts.store.write([
        mustChange(closing(parts, job, row)),
        mustChange(stillCharged(parts.store, job, charged)),
        ...(isRenounced ? [] : [mustChange(notRefunded(parts.store, job))]),
        // Behind what is judged by it. 0 where there was no record: late-charges.ts looks for one that comes yet.
        parts.store.db
          .updateTable('job')
          .set({ charged: charged ?? 0 })
          .where('id', '=', job.id),
        ...(await figuresOf(parts, { job, row, called, stands })),
        ...changes.flatMap((change) => entryOf(parts, job, { ...change, state: ending.state })),
      ])
      if (written.done) return { correction, shortfall }
      // The first statement is the end itself: somebody else has written it.
      if (written.stoppedAt === 0) return undefined
    }
    throw new Error(`the balances of job ${job.requestId} change too quickly to correct them`)
  }
}

/** Units that a job's usage record charges, or was seen to charge before it was deleted; null: there is none. */
export const chargeOf = ({ requestId }: Pick<Job, 'requestId'>) =>
  sql<
    number | null
  >`coalesce(job.charged, (select quota from usage where request_id = ${requestId} limit 1))`

async function chargedFor({ db }: JobsParts['store'], job: Job): Promise<number | undefined> {
  const row = await db
    .selectFrom('job')
    .select(chargeOf(job).as('charged'))
    .where('id', '=', job.id)
    .executeTakeFirst()
  return row?.charged ?? undefined
}

const stillCharged = ({ db }: JobsParts['store'], job: Job, charged: number | undefined) =>
  db
    .selectFrom('job')
    .select('id')
    .where('id', '=', job.id)
    .where(chargeOf(job), charged === undefined ? 'is' : '=', charged ?? null)

const notRefunded = ({ db }: JobsParts['store'], job: Job) =>
  db
    .selectFrom('job')
    .select('id')
    .where('id', '=', job.id)
    .where(sql<boolean>`not ${isRefunded(job)}`)

const isRefunded = ({ requestId }: Pick<Job, 'requestId'>) =>
  sql<boolean>`exists (select 1 from correction where cause = ${causeOfRefund(requestId)})`

/** What else the call's usage record says; `undefined`: there is none, and nobody has seen it. */
export async function calledFor(
  { db }: JobsParts['store'],
  job: Job,
): Promise<JobCalled | undefined> {
  const row = await db
    .selectFrom('usage')
    .select(['shortfall', 'created_at_ms', 'key_name', 'model', 'group_name'])
    .select(['channel_id', 'status', 'quota', 'error_code', isRefunded(job).as('refunded')])
    .where('request_id', '=', job.requestId)
    .executeTakeFirst()
  if (row === undefined) return job.called
  const { quota, shortfall, error_code, refunded } = row
  const isFree = quota === 0 && shortfall === 0
  const renounced = Boolean(refunded) || (isFree && error_code === RENOUNCED)
  return { ...calledOf(row), shortfall, ...(renounced && { renounced }) }
}

interface Figures {
  readonly job: Job
  readonly row: Closing
  readonly called: JobCalled | undefined
  /** Nobody says what it cost. */
  readonly stands: boolean
}

/** What calls cost and payers used, as far as it is another than was charged at first. */
async function figuresOf(
  { store, now }: JobsParts,
  { job, row, stands, ...seen }: Figures,
): Promise<readonly (Compilable | Statement)[]> {
  const called = seen.called ?? (await calledWithoutRecord(store, job))
  const shortfall = row.shortfall - (stands ? 0 : called.shortfall)
  if (row.correction === 0 && shortfall === 0) return []
  const used = [keyEntity(job.keyId), accountEntity(job.accountId), ...job.payers]
  const correction = {
    cause: `job:${job.requestId}`,
    ...{ requestId: job.requestId, accountId: job.accountId, keyId: job.keyId, called },
    budgets: job.payers.filter(isBudget),
    quota: row.correction,
    shortfall,
    atMs: now(),
  }
  return [...correctUsed(store, used, row.correction), ...correcting(store, correction)]
}

/** It was answered, and charged by nobody. */
async function calledWithoutRecord({ db }: JobsParts['store'], job: Job): Promise<JobCalled> {
  const key = await db
    .selectFrom('key')
    .select('name')
    .where('id', '=', job.keyId)
    .executeTakeFirst()
  return {
    ...{ atMs: job.createdAtMs, keyName: key?.name ?? '', model: job.model, group: job.group },
    ...{ channelId: job.channelId, status: 0, shortfall: 0 },
  }
}

interface Balance {
  readonly entity: Entity
  readonly remain: number
}

/** In the order of the payers. Balances that are gone, as of a budget's period that ended long ago, are left out. */
export async function balancesOf(
  { store }: JobsParts,
  payers: readonly Entity[],
): Promise<readonly Balance[]> {
  if (payers.length === 0) return []
  const rows = await store.db
    .selectFrom('balance_now')
    .select(['entity', 'remain'])
    .where('entity', 'in', payers)
    .execute()
  return payers.flatMap((payer) => rows.filter(({ entity }) => entity === payer))
}

export interface Change {
  readonly entity: Entity
  readonly delta: number
}

/** Charges all alike, as a call does; gives back to each what it can hold. */
export function changesOf(balances: readonly Balance[], wanted: number) {
  const correction =
    wanted <= 0
      ? wanted
      : balances.reduce((least, { remain }) => Math.min(least, Math.max(0, remain)), wanted)
  const changes = balances
    .map(({ entity, remain }) => ({ entity, delta: Math.min(-correction, MOST_UNITS - remain) }))
    .filter(({ delta }) => delta !== 0)
  return { correction, changes }
}

interface Closing extends Ending, Ended {
  readonly cost: number
}

const closing = ({ store, now }: JobsParts, job: Job, row: Closing): Compilable =>
  store.db
    .updateTable('job')
    .set({
      state: row.state,
      cost: row.cost,
      correction: row.correction,
      shortfall: row.shortfall,
      ended_at_ms: now(),
      due_at_ms: null,
    })
    .where('id', '=', job.id)
    .where('due_at_ms', 'is not', null)

function entryOf(
  { store, now }: JobsParts,
  { requestId, kind }: Job,
  { entity, delta, state }: Change & Pick<Ending, 'state'>,
): readonly Statement[] {
  return changeBalance(store, {
    entity,
    delta,
    kind: delta > 0 ? 'refund' : 'adjust',
    reason: `request ${requestId}: ${kind} ${state}`,
    actor: 'gateway',
    idempotency: `job:${requestId}:${entity}`,
    seconds: Math.floor(now() / 1000),
  }).map(mustChange)
}
