import type { Logger } from 'pino'
import type { Directory } from '../../channels/directory.ts'
import type { Loose } from '../../dialects/dialect.ts'
import type { Ending } from '../../jobs/end.ts'
import type { Job, JobKind, JobUnknown } from '../../jobs/job.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { Objects } from '../../objects/objects.ts'
import type { Tokenizer } from '../../prices/tokenizer.ts'
import { noteRecord } from '../objects/record.ts'
import { type AskParts, askOne } from './ask.ts'
import { judgeBatch } from './batch.ts'
import { judgeResponse } from './response.ts'
import { judgeVideo } from './video.ts'

export interface LookParts extends AskParts {
  readonly jobs: Pick<Jobs, 'end' | 'postpone'>
  readonly objects: Pick<Objects, 'find' | 'keep' | 'update'>
  readonly directory: Pick<Directory, 'get'>
  readonly tokenizer: Pick<Tokenizer, 'count'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** What a provider says of a job, and how it ended; `undefined`: it goes on. */
export type Judge = (
  parts: LookParts,
  job: Job,
  said: Loose,
) => Ending | undefined | Promise<Ending | undefined>

interface Watched {
  readonly judge: Judge
  /** After so long without an end it is given up. */
  readonly patienceMs: number
  /** Between two looks at the most. */
  readonly pauseMs: number
}

const HOUR_MS = 3_600_000

const WATCHED: Readonly<Record<JobKind, Watched>> = {
  video: { judge: judgeVideo, patienceMs: 24 * HOUR_MS, pauseMs: 60_000 },
  batch: { judge: judgeBatch, patienceMs: 72 * HOUR_MS, pauseMs: 300_000 },
  response: { judge: judgeResponse, patienceMs: 24 * HOUR_MS, pauseMs: 60_000 },
}

/** A quick job is looked at often, a slow one in vain. */
const SOONEST_MS = 2_000
const SHARE_OF_AGE = 8
/** A provider may not know at once what it has just begun. */
const NEW_MS = 60_000

/** Asks the provider of a job what has become of it; it has ended then, or is looked at again later. */
export async function look(parts: LookParts, job: Job): Promise<void> {
  const unknown = job.objectId === '' ? 'lost' : await ask(parts, job)
  if (unknown === 'ended') return
  if (unknown === undefined) return later(parts, job)
  return close(parts, job, { state: unknown, cost: undefined })
}

/** Why nothing will be heard of it any more; `undefined`: it goes on, or nothing can be said now. */
async function ask(parts: LookParts, job: Job): Promise<JobUnknown | 'ended' | undefined> {
  const { kind, channelId, upstreamKey, objectId, createdAtMs } = job
  const channel = parts.directory.get(channelId)
  if (channel === undefined) return 'abandoned'
  const path = `/${pathOf(kind)}/${encodeURIComponent(objectId)}`
  const answer = await askOne(parts, { channel, upstreamKey, path })
  if (answer.kind === 'said' && (await heard(parts, job, answer.said))) return 'ended'
  const age = parts.now() - createdAtMs
  if (answer.kind === 'gone' && age > NEW_MS) return 'gone'
  // Asked at least once, however long no gateway ran.
  return age > WATCHED[kind].patienceMs ? 'unheard' : undefined
}

/** Its provider has said this of it, to whomever. Whether it has ended. */
export async function heard(parts: LookParts, job: Job, said: Loose): Promise<boolean> {
  await noteRecord(parts, job, said)
  const ending = await WATCHED[job.kind].judge(parts, job, said)
  if (ending !== undefined) await close(parts, job, ending)
  return ending !== undefined
}

async function close(parts: LookParts, job: Job, ending: Ending): Promise<void> {
  const ended = await parts.jobs.end(job, ending)
  if (ended === 'unsettled') return later(parts, job)
  if (ended === undefined) return
  const { requestId: request, kind, channelId: channel } = job
  const told = { request, kind, channel, state: ending.state, ...ended }
  if (isUnknown(ending))
    parts.log.warn(told, 'what became of a job is not known; its charge stands')
  else parts.log.info(told, 'a job has ended')
}

const UNKNOWN = new Set<string>(['gone', 'abandoned', 'unheard', 'lost'] satisfies JobUnknown[])
const isUnknown = ({ state }: Ending): boolean => UNKNOWN.has(state)

async function later({ jobs, now }: LookParts, job: Job): Promise<void> {
  const share = (now() - job.createdAtMs) / SHARE_OF_AGE
  const { pauseMs } = WATCHED[job.kind]
  await jobs.postpone(job, Math.ceil(Math.min(Math.max(share, SOONEST_MS), pauseMs)))
}

/** What a provider's path calls objects of a kind. */
export const pathOf = (kind: string): string => (kind === 'batch' ? 'batches' : `${kind}s`)
