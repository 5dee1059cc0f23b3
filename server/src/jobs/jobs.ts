import { type Clock, machineClock } from '../storage/lanes/clock.ts'
import { mustChange, type Store } from '../storage/store.ts'
import { untilTaken } from '../storage/until-taken.ts'
import { calledFor, chargeOf, createEnd, type Ended, type Ending } from './end.ts'
import {
  type Job,
  type JobKind,
  type JobRow,
  type JobTerms,
  type NewJob,
  readJob,
  termsRow,
} from './job.ts'

/**
 * Jobs: what goes on at a provider when its caller has had an answer. A row is there before the provider is asked, so that
 * nothing that was begun is unknown; the usage record of the call is the charge, and an end corrects it once.
 */
export interface Jobs {
  /** Resolves when it is durable. Without an answer that names it within this time it is lost. */
  begin(job: NewJob, answerWithinMs: number): Promise<void>
  /** It is known where it runs, and under which id. Does nothing where that was known before. Goes on until it is written. */
  began(requestId: string, terms: JobTerms): Promise<void>
  /** Nobody took it on: nothing goes on. Rejects when the first try fails, and goes on all the same until it is written. */
  drop(requestId: string): Promise<void>
  /** Those whose providers should be asked now, the longest due first. */
  due(most: number): Promise<readonly Job[]>
  /** Takes one that is due, until it is postponed or `LEASE_MS` have passed; false: another node has it, or it has ended. */
  claim(job: Job): Promise<boolean>
  /** When its provider is asked next, in milliseconds from now. Does nothing where it has ended. */
  postpone(job: Job, byMs: number): Promise<void>
  /** Its caller asks after it: so does the gateway, at once. Does nothing where it is being looked after. */
  hurry(job: Pick<Job, 'id'>): Promise<void>
  /** The one of an account that has this id, whether it runs or not. */
  find(accountId: number, kind: JobKind, objectId: string): Promise<Job | undefined>
  /** Those that calls began. */
  ofRequests(requestIds: readonly string[]): Promise<readonly Job[]>
  /**
   * Ends a job and corrects what was charged, in one write and once. `undefined`: it had ended before. `'unsettled'`: its
   * charge may still be on its way, so that it is to be tried again.
   */
  end(job: Job, ending: Ending): Promise<Ended | 'unsettled' | undefined>
}

export interface JobsParts {
  readonly store: Pick<Store, 'db' | 'dialect' | 'write'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly clock?: Pick<Clock, 'after'>
}

/** Who looks after a job has it for so long; then it is dead or stood still, and anybody may have it. No pause is half as long. */
export const LEASE_MS = 900_000
/** The first look: a provider that refuses quickly has done so by then. */
const FIRST_LOOK_MS = 2_000

export function createJobs({ store, now, clock = machineClock }: JobsParts): Jobs {
  const { db } = store
  const all = () => db.selectFrom('job').selectAll()
  const running = (id: number) =>
    db.updateTable('job').where('id', '=', id).where('due_at_ms', 'is not', null)

  return {
    ...createBeginning({ store, now, clock }),
    async due(most) {
      const due = all().where('due_at_ms', '<=', now())
      return (await due.orderBy('due_at_ms').limit(most).execute()).map(readJob)
    },
    async claim(job) {
      if (job.dueAtMs === undefined) return false
      const claim = db
        .updateTable('job')
        .set({ due_at_ms: now() + LEASE_MS })
        .where('id', '=', job.id)
        .where('due_at_ms', '=', job.dueAtMs)
      return (await store.write([mustChange(claim)])).done
    },
    async postpone(job, byMs) {
      const seen = await calledFor(store, job)
      const called = seen === undefined ? '' : JSON.stringify(seen)
      // Read by the write itself: what was read before it may be lost by a failover that the row outlives.
      const later = { due_at_ms: now() + byMs, charged: chargeOf(job), called }
      await store.write([running(job.id).set(later)])
    },
    async hurry({ id }) {
      const soon = running(id).set({ due_at_ms: now() }).where('due_at_ms', '>', now())
      await store.write([soon.where('due_at_ms', '<', now() + LEASE_MS / 2)])
    },
    async find(accountId, kind, objectId) {
      const row = await all()
        .where('object_id', '=', objectId)
        .where('kind', '=', kind)
        .where('account_id', '=', accountId)
        .orderBy('id', 'desc')
        .executeTakeFirst()
      return row && readJob(row)
    },
    async ofRequests(requestIds) {
      if (requestIds.length === 0) return []
      return (await all().where('request_id', 'in', requestIds).execute()).map(readJob)
    },
    end: createEnd({ store, now }),
  }
}

/** How jobs come to be known: by a row before anybody is asked, which is named or goes afterwards. */
function createBeginning({
  store,
  now,
  clock,
}: Required<JobsParts>): Pick<Jobs, 'begin' | 'began' | 'drop'> {
  const { db } = store
  return {
    async begin(job, answerWithinMs) {
      await store.write([db.insertInto('job').values(rowOf(job, { now: now(), answerWithinMs }))])
    },
    async began(requestId, terms) {
      const named = db
        .updateTable('job')
        .set({ ...termsRow(terms), due_at_ms: now() + FIRST_LOOK_MS })
        .where('request_id', '=', requestId)
        .where('object_id', '=', '')
      // Who is not asked for by its id ends as lost, and is charged whatever became of it.
      await untilTaken(() => store.write([named]), clock)
    },
    async drop(requestId) {
      const unnamed = db
        .deleteFrom('job')
        .where('request_id', '=', requestId)
        .where('object_id', '=', '')
      const write = () => store.write([unnamed])
      await write().catch((failure) => {
        // What stays is charged. The first failure is the one that is told.
        untilTaken(write, clock).catch(() => undefined)
        throw failure
      })
    },
  }
}

interface Beginning {
  readonly now: number
  readonly answerWithinMs: number
}

const rowOf = (job: NewJob, { now, answerWithinMs }: Beginning): Omit<JobRow, 'id'> => ({
  ...termsRow(job),
  request_id: job.requestId,
  kind: job.kind,
  account_id: job.accountId,
  key_id: job.keyId,
  payers: JSON.stringify(job.payers),
  asked: job.asked,
  state: 'running',
  ...{ charged: null, called: '', cost: null, correction: null, shortfall: 0 },
  created_at_ms: now,
  ended_at_ms: null,
  due_at_ms: now + answerWithinMs,
})
