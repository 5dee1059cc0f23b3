import { Refused } from '../errors.ts'
import type { Usage } from '../usage/usage.ts'
import type { Dialect, Loose, ParsedCall, PathSays } from './dialect.ts'
import { gemini } from './gemini.ts'
import { readUsage as readUsageOfChat } from './gemini-usage.ts'
import { isObject, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { namedInContents } from './named.ts'

/** Gemini's embeddings: of one content, or of several that one body asks for. */

const JUDGED: readonly string[] = ['model', 'content', 'requests']

const embedding: Dialect = {
  ...gemini,
  operation: 'embedContent',
  writesNothing: true,
  contentMember: 'embedding',
  parseCall: parseEmbedding,
  limitEdits: () => [],
  modelEdits(_payload, { spans }, model) {
    const span = spans.get('model')
    return span === undefined ? [] : [{ ...span, text: JSON.stringify(`models/${model}`) }]
  },
  readUsage,
}

const batch: Dialect = {
  ...embedding,
  operation: 'batchEmbedContents',
  contentMember: 'embeddings',
  modelEdits(_payload, { spans, body }, model) {
    const span = spans.get('requests')
    const { requests } = body()
    if (span === undefined || !Array.isArray(requests)) return []
    const renamed = requests.map((one) =>
      isObject(one) && one.model !== undefined ? { ...one, model: `models/${model}` } : one,
    )
    return [{ ...span, text: JSON.stringify(renamed) }]
  },
}

function parseEmbedding(payload: Buffer, path: PathSays): ParsedCall {
  const { body, spans } = readMembers(payload, JUDGED)
  const model = modelOf(path.model)
  refuseOther(body, model)
  const { requests } = body
  if (Array.isArray(requests)) for (const one of requests) refuseOther(one, model)
  return {
    ...{ model, stream: false, outputLimit: 0, leastOutput: 0, choices: 1 },
    body: kept(payload, body),
    spans,
    names: namedInContents(contentsIn(body)),
  }
}

function contentsIn({ content, requests }: Loose): Loose {
  if (!Array.isArray(requests)) return { contents: content }
  return { contents: requests.map((one) => (isObject(one) ? one.content : undefined)) }
}

/** The path's model is the one that is judged and paid for. Google has it in the body again. */
function refuseOther(holder: unknown, model: string): void {
  const said = isObject(holder) ? (holder.model ?? undefined) : undefined
  if (said === undefined || said === model || said === `models/${model}`) return
  throw new Refused(
    'invalid_request',
    `model in the body must be that of the path, models/${model}`,
  )
}

/** Nothing is written; and the parts of the input go by another name than those of a chat. */
function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { promptTokenCount, promptTokensDetails, promptTokenDetails } = reported
  if (typeof promptTokenCount !== 'number') return undefined
  const input: Loose = {
    promptTokenCount,
    promptTokensDetails: promptTokensDetails ?? promptTokenDetails,
  }
  return readUsageOfChat(input)
}

/** By the method that their paths end in. */
export const EMBEDDINGS_OF_GEMINI: ReadonlyMap<string, Dialect> = new Map(
  [embedding, batch].map((dialect) => [dialect.operation, dialect]),
)
