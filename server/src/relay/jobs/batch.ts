import { VIDEO_ENDPOINT } from '../../dialects/batches.ts'
import type { Loose } from '../../dialects/dialect.ts'
import type { Ending } from '../../jobs/end.ts'
import type { Job, JobEnd } from '../../jobs/job.ts'
import { compilePrice } from '../../prices/price.ts'
import { Lines } from '../meter/lines.ts'
import { recordOf } from '../objects/record.ts'
import { askInto, askOne } from './ask.ts'
import { answerIn, costOfAnswer } from './batch-line.ts'
import type { AskedBatch } from './cost.ts'
import type { Judge, LookParts } from './look.ts'
import { dialectOfBatch } from './read-batch.ts'

const ENDS = new Set<unknown>(['completed', 'failed', 'cancelled', 'expired'] satisfies JobEnd[])
/** So few that no settlement waits long for it. */
const VIDEOS_A_WRITE = 500
/** Answers are longer than the calls that they are to. */
const LIMITS = { bytes: 2 ** 31, lineBytes: 64 * 1024 * 1024 }

/**
 * A batch costs what its answers report, at the prices of the tier `batch`. Calls that failed cost nothing. Whose it is, the
 * videos are that it made: they are noted before anybody can read of them in its output.
 */
export const judgeBatch: Judge = async (parts, job, said) => {
  const ending = await endingOf(parts, job, said)
  await noteFilesOf(parts, job, said)
  return ending
}

async function endingOf(parts: LookParts, job: Job, said: Loose): Promise<Ending | undefined> {
  if (!ENDS.has(said.status)) return undefined
  const state = said.status as JobEnd
  const { output_file_id: fileId } = said
  if (typeof fileId !== 'string' || fileId === '') return { state, cost: 0 }
  if (job.price === undefined && !makesVideos(job)) return { state, cost: 0 }
  return read(parts, job, { state, fileId })
}

/** Whether its answers name what its provider keeps. */
export const makesVideos = ({ kind, asked }: Pick<Job, 'kind' | 'asked'>): boolean =>
  kind === 'batch' && (JSON.parse(asked) as AskedBatch).endpoint === VIDEO_ENDPOINT

interface Output {
  readonly state: JobEnd
  readonly fileId: string
}

async function read(
  parts: LookParts,
  job: Job,
  { state, fileId }: Output,
): Promise<Ending | undefined> {
  const channel = parts.directory.get(job.channelId)
  if (channel === undefined) return { state: 'abandoned', cost: undefined }
  const costOf = costsOf(job)
  const videos: Loose[] = []
  const isOfVideos = makesVideos(job)
  let sum = 0
  const lines = new Lines(LIMITS, (line) => {
    const body = answerIn(line)
    if (body === undefined) return
    sum += costOf(body)
    if (isOfVideos) videos.push(body)
  })
  const path = `/files/${encodeURIComponent(fileId)}/content`
  const answer = await askInto(parts, { channel, upstreamKey: job.upstreamKey, path }, lines)
  if (answer.kind === 'gone') return { state, cost: undefined }
  if (answer.kind === 'unheard') return undefined
  if (lines.failure !== undefined) return { state, cost: undefined }
  await noteVideos(parts, job, videos)
  return { state, cost: sum }
}

/** What each answer costs, in units. */
function costsOf({ price, asked, estimate }: Job): (body: Loose) => number {
  if (price === undefined) return () => 0
  const { endpoint, lines }: AskedBatch = JSON.parse(asked)
  const pricing = {
    dialect: dialectOfBatch(endpoint),
    price: compilePrice(price.price, price.ratio),
    unreported: Math.ceil(estimate / Math.max(1, lines)),
  }
  return (body) => costOfAnswer(body, pricing)
}

async function noteVideos(
  { objects }: Pick<LookParts, 'objects'>,
  job: Job,
  videos: readonly Loose[],
): Promise<void> {
  const made = videos.filter(({ id }) => typeof id === 'string' && id !== '')
  for (let at = 0; at < made.length; at += VIDEOS_A_WRITE) {
    await objects.keep(
      made.slice(at, at + VIDEOS_A_WRITE).map((said) => ({
        ...{ id: said.id as string, kind: 'video', accountId: job.accountId, keyId: job.keyId },
        ...{ channelId: job.channelId, upstreamKey: job.upstreamKey, tokens: 0, purpose: '' },
        ...{ record: recordOf('video', said), expiresAt: undefined },
      })),
    )
  }
}

/** Whose a batch is, its files are: before anybody can hear of them. */
export async function noteFilesOf(
  parts: Pick<LookParts, 'objects' | 'directory'> & LookParts,
  job: Job,
  { output_file_id, error_file_id }: Loose,
): Promise<void> {
  const ids = [output_file_id, error_file_id].filter((id) => typeof id === 'string' && id !== '')
  if (ids.length === 0) return
  const known = await parts.objects.find(job.accountId, ids as string[])
  const channel = parts.directory.get(job.channelId)
  for (const id of ids as string[]) {
    if (channel === undefined || known.some((one) => one.id === id)) continue
    const question = {
      channel,
      upstreamKey: job.upstreamKey,
      path: `/files/${encodeURIComponent(id)}`,
    }
    const answer = await askOne(parts, question)
    const said = answer.kind === 'said' ? answer.said : { id, object: 'file' }
    await parts.objects.keep([
      {
        ...{ id, kind: 'file', accountId: job.accountId, keyId: job.keyId },
        ...{ channelId: job.channelId, upstreamKey: job.upstreamKey },
        // No byte is more than a token.
        tokens: typeof said.bytes === 'number' && said.bytes > 0 ? Math.ceil(said.bytes) : 0,
        purpose: 'batch_output',
        record: recordOf('file', { ...said, id }),
        expiresAt: typeof said.expires_at === 'number' ? said.expires_at : undefined,
      },
    ])
  }
}
