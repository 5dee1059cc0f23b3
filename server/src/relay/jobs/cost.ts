import type { BatchLine } from '../../dialects/dialect.ts'
import type { Units } from '../../ledger/units.ts'
import { type CompiledPrice, cost } from '../../prices/price.ts'
import { NO_USAGE, type Usage } from '../../usage/usage.ts'
import type { Meter } from '../meter/meter.ts'
import { quickly } from '../reserve.ts'
import type { Reserved } from '../values.ts'
import { fixedCost } from './fixed-cost.ts'

/** What stands in the usage record until a job has ended, and ever after. */
export function usageOfJob(reserved: Reserved, meter: Meter): Usage {
  const { parsed } = reserved.call
  if (parsed.job?.kind === 'video') return { ...NO_USAGE, seconds: parsed.job.seconds }
  if (parsed.job?.kind === 'batch') return usageOfLines(parsed.job.lines ?? [])
  // A stream may have run to its end.
  const reported = meter.reported()
  if (reported !== undefined) return reported
  const { prompt } = quickly(reserved.call, parsed.model)
  const completion = (reserved.outputLimit ?? parsed.outputLimit ?? 0) * parsed.choices
  return { ...NO_USAGE, prompt, completion, estimated: true }
}

function usageOfLines(lines: readonly BatchLine[]): Usage {
  const sum = { prompt: 0, completion: 0, seconds: 0, images: 0 }
  for (const { expected, output, video } of lines) {
    sum.seconds += video?.seconds ?? 0
    sum.images += expected.pieces?.images ?? 0
    if (video !== undefined) continue
    sum.prompt += expected.prompt
    sum.completion += output
  }
  const { seconds, images, ...tokens } = sum
  return {
    ...{ ...NO_USAGE, ...tokens, service: 'batch', estimated: true },
    ...(seconds === 0 ? {} : { seconds }),
    ...(images === 0 ? {} : { images }),
  }
}

/** What a job is charged at first: what it will cost, or else the most that it can. */
export function costOfJob(
  { call, reservation }: Reserved,
  price: CompiledPrice,
  usage: Usage,
): Units {
  const { job } = call.parsed
  const fixed = job === undefined ? undefined : fixedCost(price, job)
  if (fixed !== undefined) return fixed
  return usage.estimated ? reservation.amount : cost(price, usage)
}

/** What is kept of the call that asked for a response. */
export interface AskedResponse {
  /** Input tokens, by and large. */
  readonly prompt: number
}

/** What is kept of the call that asked for a batch. */
export interface AskedBatch {
  readonly endpoint: string
  /** So many calls. */
  readonly lines: number
}

/** Bytes of a body that make a token, by and large: what OpenAI reckons with, too. */
const TOKEN_BYTES = 4

/** What must be known of a call when its job has ended, as JSON. */
export function askedOf({ call }: Pick<Reserved, 'call'>): string {
  const { job, model } = call.parsed
  if (job?.kind === 'video') return JSON.stringify(job)
  if (job?.kind === 'batch') {
    const batch: AskedBatch = { endpoint: job.endpoint, lines: job.lines?.length ?? 0 }
    return JSON.stringify(batch)
  }
  const asked: AskedResponse = { prompt: Math.ceil(quickly(call, model).prompt / TOKEN_BYTES) }
  return JSON.stringify(asked)
}
