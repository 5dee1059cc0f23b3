import type { Loose } from '../../dialects/dialect.ts'
import { responses } from '../../dialects/responses.ts'
import { writtenIn } from '../../dialects/written-in.ts'
import type { JobEnd } from '../../jobs/job.ts'
import { compilePrice, cost } from '../../prices/price.ts'
import { NO_USAGE, type Usage, withBeside } from '../../usage/usage.ts'
import type { AskedResponse } from './cost.ts'
import type { Judge, LookParts } from './look.ts'

const ENDS: ReadonlyMap<unknown, JobEnd> = new Map([
  ['completed', 'completed'],
  ['incomplete', 'completed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
])

/**
 * An answer costs what its provider reports. Where it reports nothing, a whole one costs what was charged; of one that was
 * broken off, what it holds is counted.
 */
export const judgeResponse: Judge = async (parts, job, said) => {
  const state = ENDS.get(said.status)
  if (state === undefined) return undefined
  const usage = usageIn(said) ?? (await countedIn(parts, { state, asked: job.asked }, said))
  if (usage === undefined) return { state, cost: undefined }
  if (job.price === undefined) return { state, cost: 0 }
  const price = compilePrice(job.price.price, job.price.ratio)
  return { state, cost: usage === NO_USAGE ? 0 : cost(price, usage) }
}

/** What a whole answer of Responses reports. */
function usageIn(said: Loose): Usage | undefined {
  const usage = responses.readUsage(said.usage)
  if (usage === undefined) return undefined
  const text = JSON.stringify(said)
  return withBeside(usage, responses.readBeside?.(text, { text: () => text }))
}

/** `undefined`: it is whole, and nobody knows. */
async function countedIn(
  { tokenizer }: Pick<LookParts, 'tokenizer'>,
  { state, asked }: { readonly state: JobEnd; readonly asked: string },
  { output }: Loose,
): Promise<Usage | undefined> {
  if (state === 'completed') return undefined
  const written: string[] = []
  writtenIn(output, written)
  if (written.length === 0) return NO_USAGE
  const { prompt }: AskedResponse = JSON.parse(asked)
  return { ...NO_USAGE, prompt, completion: await tokenizer.count(written), estimated: true }
}
