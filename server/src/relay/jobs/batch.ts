import type { Dialect, Loose } from '../../dialects/dialect.ts'
import { isObject } from '../../dialects/judged.ts'
import type { Ending } from '../../jobs/end.ts'
import type { AdmittedPrice, Job, JobEnd } from '../../jobs/job.ts'
import { type CompiledPrice, compilePrice, cost, pricedFor } from '../../prices/price.ts'
import { type Usage, withBeside } from '../../usage/usage.ts'
import { parseLatin1 } from '../meter/json-text.ts'
import { Lines } from '../meter/lines.ts'
import { recordOf } from '../objects/record.ts'
import { askInto, askOne } from './ask.ts'
import type { AskedBatch } from './cost.ts'
import type { Judge, LookParts } from './look.ts'
import { dialectOfBatch } from './read-batch.ts'

const ENDS = new Set<unknown>(['completed', 'failed', 'cancelled', 'expired'] satisfies JobEnd[])
/** Answers are longer than the calls that they are to. */
const LIMITS = { bytes: 2 ** 31, lineBytes: 64 * 1024 * 1024 }

/** A batch costs what its answers report, at the prices of the tier `batch`. Calls that failed cost nothing. */
export const judgeBatch: Judge = async (parts, job, said) => {
  await noteFilesOf(parts, job, said)
  if (!ENDS.has(said.status)) return undefined
  const state = said.status as JobEnd
  const { output_file_id: fileId } = said
  if (typeof fileId !== 'string' || fileId === '') return { state, cost: 0 }
  if (job.price === undefined) return { state, cost: 0 }
  return read(parts, job, { state, fileId, price: job.price })
}

interface Output {
  readonly state: JobEnd
  readonly fileId: string
  readonly price: AdmittedPrice
}

async function read(
  parts: LookParts,
  job: Job,
  { state, fileId, price }: Output,
): Promise<Ending | undefined> {
  const channel = parts.directory.get(job.channelId)
  if (channel === undefined) return { state: 'abandoned', cost: undefined }
  const { endpoint, lines: asked }: AskedBatch = JSON.parse(job.asked)
  const dialect = dialectOfBatch(endpoint)
  const compiled = pricedFor(compilePrice(price.price, price.ratio), 'batch')
  // Of an answer that reports nothing nobody knows more than what was charged for its call.
  const unreported = Math.ceil(job.estimate / Math.max(1, asked))
  let sum = 0
  const lines = new Lines(LIMITS, (line) => {
    sum += costOfLine(line, { dialect, price: compiled, unreported })
  })
  const path = `/files/${encodeURIComponent(fileId)}/content`
  const answer = await askInto(parts, { channel, upstreamKey: job.upstreamKey, path }, lines)
  if (answer.kind === 'gone') return { state, cost: undefined }
  if (answer.kind === 'unheard') return undefined
  if (lines.failure !== undefined) return { state, cost: undefined }
  return { state, cost: sum }
}

interface Pricing {
  readonly dialect: Dialect
  readonly price: CompiledPrice
  readonly unreported: number
}

function costOfLine(line: Buffer, { dialect, price, unreported }: Pricing): number {
  const parsed = parseLatin1(line.toString('latin1'))
  const response = isObject(parsed) ? parsed.response : undefined
  const body = isObject(response) ? response.body : undefined
  if (!isObject(body) || isObject(body.error)) return 0
  const usage = usageIn(dialect, body)
  return usage === undefined ? unreported : cost(price, usage)
}

function usageIn(dialect: Dialect, body: Loose): Usage | undefined {
  const usage = dialect.readUsage(body.usage)
  if (usage === undefined) return undefined
  const text = JSON.stringify(body)
  const told = withBeside(usage, dialect.readBeside?.(text, { text: () => text }))
  // The price at hand is that of the tier already.
  return { ...told, service: undefined }
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
