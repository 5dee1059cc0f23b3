import type { Loose } from '../../dialects/dialect.ts'
import { JOB_KINDS, type Job, type JobKind } from '../../jobs/job.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { KeptObject } from '../../objects/objects.ts'
import { noteRecord } from '../objects/record.ts'
import { makesVideos, noteFilesOf } from './batch.ts'
import { heard, type LookParts, look } from './look.ts'

/** What is learnt of jobs while their callers ask after them. */
export interface JobHearing {
  /** Whether objects like this one are begun by jobs. */
  areOf(kept: KeptObject): boolean
  /** Its provider has said this of it; `undefined`: something that was passed on unread, so that it is asked again soon. */
  hear(kept: KeptObject, said: Loose | undefined): Promise<void>
  /** Asks its provider at once, as long as it can be asked. Never rejects. */
  lookAgain(kept: KeptObject): Promise<void>
}

export interface HearingParts extends LookParts {
  readonly jobs: Jobs
}

/** A job is looked after out of turn no more often. */
const HURRY_MS = 5_000
const MOST_HURRIED = 10_000

export function createJobHearing(parts: HearingParts): JobHearing {
  const { jobs, log, now } = parts
  const kindOf = ({ kind }: KeptObject): JobKind | undefined =>
    JOB_KINDS.find((known) => known === kind)

  async function runningOf(kept: KeptObject): Promise<Job | undefined> {
    const kind = kindOf(kept)
    const job = kind && (await jobs.find(kept.accountId, kind, kept.id))
    return job?.state === 'running' ? job : undefined
  }

  const hurried = new Map<number, number>()
  /** Callers may ask as often as they like: each question would be a write. */
  function mayHurry({ id }: Job): boolean {
    if (now() < (hurried.get(id) ?? 0) + HURRY_MS) return false
    if (hurried.size >= MOST_HURRIED) hurried.clear()
    hurried.set(id, now())
    return true
  }

  return {
    areOf: (kept) => kindOf(kept) !== undefined,
    async hear(kept, said) {
      const job = await runningOf(kept)
      if (job === undefined) return
      // What a batch cost stands in a long file: that is read by the watch, and no caller waits for it. What videos it made
      // stands there, too, and must be known before their caller reads of them.
      if (said === undefined || (job.kind === 'batch' && !makesVideos(job))) {
        if (said !== undefined) await noteOf(parts, job, said)
        if (mayHurry(job)) await jobs.hurry(job)
      } else await heard(parts, job, said)
    },
    async lookAgain(kept) {
      try {
        const job = await runningOf(kept)
        if (job !== undefined) await look(parts, job)
      } catch (error) {
        log.warn({ object: kept.id, reason: String(error) }, 'a job could not be looked after')
      }
    },
  }
}

async function noteOf(parts: LookParts, job: Job, said: Loose): Promise<void> {
  await noteRecord(parts, job, said)
  await noteFilesOf(parts, job, said)
}
