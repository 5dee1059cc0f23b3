import type { VideoAsked } from '../../dialects/dialect.ts'
import { Refused } from '../../errors.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import { quoted } from '../quoted.ts'
import type { ModelCall } from '../values.ts'

export interface CompleteParts {
  readonly jobs: Pick<Jobs, 'find'>
}

/** What a call that begins a job does not say itself, because it stands in what it is about. */
export function createComplete({ jobs }: CompleteParts) {
  return async function complete(accountId: number, call: ModelCall): Promise<ModelCall> {
    const { job } = call.parsed
    if (job?.kind !== 'video' || job.from === undefined) return call
    const source = await jobs.find(accountId, 'video', job.from)
    if (source === undefined) {
      throw new Refused('object_not_found', `nothing is known of ${quoted(job.from)} any more`)
    }
    const { seconds, size }: VideoAsked = JSON.parse(source.asked)
    const own = job.seconds === 0 ? seconds : job.seconds
    const completed: VideoAsked = { ...job, size, seconds: own }
    return { ...call, parsed: { ...call.parsed, model: source.model, job: completed } }
  }
}
