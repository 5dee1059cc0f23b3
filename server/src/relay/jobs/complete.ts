import type { Directory } from '../../channels/directory.ts'
import type { BatchAsked, VideoAsked } from '../../dialects/dialect.ts'
import { Refused } from '../../errors.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import { quoted } from '../quoted.ts'
import type { Kept, ModelCall } from '../values.ts'
import { type ReadBatchParts, readBatch } from './read-batch.ts'

export interface CompleteParts extends ReadBatchParts {
  readonly jobs: Pick<Jobs, 'find'>
  readonly directory: Pick<Directory, 'get'>
}

/** Seconds until whoever has a batch read may try again. */
const RETRY_AFTER = 5

/** What a call that begins a job does not say itself, because it stands in what it is about: its model, and what it costs by. */
export function createComplete(parts: CompleteParts) {
  /** Accounts whose files are being read: each one at a time, since that is long and costs nothing. */
  const reading = new Set<number>()

  async function batchOf(accountId: number, call: ModelCall, asked: BatchAsked) {
    if (reading.has(accountId)) {
      throw new Refused('rate_limited', 'another batch of this account is being read', {
        retryAfter: RETRY_AFTER,
      })
    }
    reading.add(accountId)
    try {
      return await completedBatch(parts, { accountId, call, asked })
    } finally {
      reading.delete(accountId)
    }
  }

  return function complete(accountId: number, call: ModelCall): Promise<ModelCall> {
    const { job } = call.parsed
    if (job?.kind === 'batch') return batchOf(accountId, call, job)
    if (job?.kind !== 'video' || job.from === undefined) return Promise.resolve(call)
    return completedVideo(parts, { accountId, call, asked: job, from: job.from })
  }
}

interface Completing<A> {
  readonly accountId: number
  readonly call: ModelCall
  readonly asked: A
}

async function completedVideo(
  { jobs }: CompleteParts,
  { accountId, call, asked, from }: Completing<VideoAsked> & { readonly from: string },
): Promise<ModelCall> {
  const source = await jobs.find(accountId, 'video', from)
  if (source === undefined) {
    throw new Refused('object_not_found', `nothing is known of ${quoted(from)} any more`)
  }
  const { seconds, size }: VideoAsked = JSON.parse(source.asked)
  const job: VideoAsked = { ...asked, size, seconds: asked.seconds === 0 ? seconds : asked.seconds }
  return { ...call, parsed: { ...call.parsed, model: source.model, job } }
}

async function completedBatch(
  parts: CompleteParts,
  { accountId, call, asked }: Completing<BatchAsked>,
): Promise<ModelCall> {
  const kept = call.kept as Kept
  const channel = parts.directory.get(kept.channelId)
  if (channel === undefined) {
    throw new Refused('object_not_found', 'the channel that kept this file was deleted')
  }
  const question = { channel, upstreamKey: kept.upstreamKey }
  const { model, lines } = await readBatch(parts, question, { accountId, kept, asked })
  // The provider reads the names that stand in the file, and would run another model than the one that is charged.
  if ((channel.mapping.get(model) ?? model) !== model) {
    throw new Refused(
      'unsupported_parameter',
      `${quoted(model)} has another name at its provider, and can't be used in a batch`,
    )
  }
  return { ...call, parsed: { ...call.parsed, model, job: { ...asked, lines } } }
}
