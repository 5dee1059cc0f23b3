import { BATCH_ENDPOINTS } from '../../dialects/batches.ts'
import type { BatchAsked, BatchLine, Dialect, Named, PathSays } from '../../dialects/dialect.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import { readMembers } from '../../dialects/members.ts'
import { OPERATIONS } from '../../dialects/operations.ts'
import { Refused } from '../../errors.ts'
import type { Objects } from '../../objects/objects.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import { findNamed, placeOf } from '../locate.ts'
import { Lines } from '../meter/lines.ts'
import { quoted } from '../quoted.ts'
import { quickly, UNKNOWN_OUTPUT } from '../reserve.ts'
import type { Kept } from '../values.ts'
import { type AskParts, askInto, type Question } from './ask.ts'

/** As OpenAI limits them. */
const MOST_LINES = 50_000
const LIMITS = { bytes: 200 * 1024 * 1024, lineBytes: 32 * 1024 * 1024 }
/** The body says it. */
const NOTHING_SAID: PathSays = { model: '', stream: false }
const AS_JSON: readonly string[] = []
const MEMBERS: readonly string[] = ['custom_id', 'method', 'url', 'body']

export interface ReadBatchParts extends AskParts {
  readonly objects: Pick<Objects, 'find'>
  readonly prices: Pick<PriceBook, 'maxOutput'>
}

/** What the file of a batch holds: all of its calls are for one model, as OpenAI demands. */
export interface ReadBatch {
  readonly model: string
  readonly lines: readonly BatchLine[]
}

interface Reading {
  readonly accountId: number
  readonly kept: Kept
  readonly asked: BatchAsked
}

/** How the calls of a batch are read, and their answers. */
export function dialectOfBatch(endpoint: string): Dialect {
  const known = BATCH_ENDPOINTS.get(endpoint)
  if (known === undefined) throw new Error(`no batch goes to ${endpoint}`)
  const { dialect, operation } = known
  return OPERATIONS.get(operation) ?? DIALECTS[dialect]
}

/**
 * Reads the calls of a batch where its provider keeps them, as each would be read if it came by itself: what it can cost,
 * and whether it names only what is its account's. @throws Refused naming the line.
 */
export async function readBatch(
  parts: ReadBatchParts,
  question: Omit<Question, 'path'>,
  { accountId, kept, asked }: Reading,
): Promise<ReadBatch> {
  const found: Found[] = []
  const dialect = dialectOfBatch(asked.endpoint)
  const lines = new Lines(LIMITS, (line, number) => {
    if (found.length === MOST_LINES) throw new RangeError(`it has more than ${MOST_LINES} lines`)
    found.push(readLine(line, { number, dialect, asked, model: found[0]?.model }))
  })
  const path = `/files/${encodeURIComponent(asked.fileId)}/content`
  const answer = await askInto(parts, { ...question, path }, lines)
  if (answer.kind === 'gone') {
    throw new Refused('object_not_found', `the provider has no file ${quoted(asked.fileId)}`)
  }
  if (answer.kind === 'unheard') throw new Refused('upstream_unreachable')
  if (lines.failure !== undefined) throw refusalOf(lines.failure)
  const [first] = found
  if (first === undefined) throw new Refused('invalid_request', 'the input file holds no call')
  const tokens = await tokensOf(parts, found, { accountId, kept })
  const own = parts.prices.maxOutput(first.model) ?? UNKNOWN_OUTPUT
  return { model: first.model, lines: found.map((one) => boundOf(one, own, tokens)) }
}

/** A call of a batch, as far as its cost depends on it. */
interface Found extends Pick<BatchLine, 'expected' | 'video'> {
  readonly model: string
  /** Of each choice; `undefined`: as many as the model writes. */
  readonly outputLimit: number | undefined
  readonly choices: number
  readonly names: readonly Named[]
}

interface OfLine {
  readonly number: number
  readonly dialect: Dialect
  readonly asked: BatchAsked
  /** That of the lines before. */
  readonly model: string | undefined
}

function readLine(line: Buffer, { number, dialect, asked, model }: OfLine): Found {
  const because = (why: string) => new Refused('invalid_request', `line ${number}: ${why}`)
  const { body, spans } = refusedAs(number, () => readMembers(line, MEMBERS))
  const span = spans.get('body')
  if (body.method !== 'POST' || span === undefined) {
    throw because('send {"custom_id", "method": "POST", "url", "body"}')
  }
  if (body.url !== asked.endpoint) throw because(`url must be ${asked.endpoint}, as endpoint says`)
  // What is kept of a line must not keep the chunk that it came in.
  const payload = Buffer.from(line.subarray(span.start, span.end))
  const parsed = refusedAs(number, () => dialect.parseCall(payload, NOTHING_SAID, AS_JSON))
  const { stream, job, written } = parsed
  const video = job?.kind === 'video' ? job : undefined
  if (stream || (job !== undefined && video === undefined)) {
    throw because('stream and background are not offered in batches')
  }
  if (written !== undefined) throw because(`its body is none of ${asked.endpoint}`)
  if (model !== undefined && model !== parsed.model) {
    throw because(`all calls of a batch must be for one model: ${quoted(model)} comes before`)
  }
  return {
    ...{ model: parsed.model, outputLimit: parsed.outputLimit, choices: parsed.choices },
    expected: quickly({ dialect, parsed, payload }, parsed.model),
    names: parsed.names ?? NO_NAMES,
    video: video && { seconds: video.seconds, size: video.size },
  }
}

const NO_NAMES: readonly Named[] = []

/** Does what may be refused, and says of which line it was. */
function refusedAs<T>(number: number, read: () => T): T {
  try {
    return read()
  } catch (failure) {
    if (!(failure instanceof Refused)) throw failure
    throw new Refused(failure.code, `line ${number}: ${failure.message}`)
  }
}

function refusalOf(failure: unknown): unknown {
  if (!(failure instanceof RangeError)) return failure
  return new Refused('invalid_request', `the input file can't be read: ${failure.message}`)
}

/** The tokens of what the lines name, by id. @throws Refused where it is not the account's, or at another provider. */
async function tokensOf(
  { objects }: ReadBatchParts,
  found: readonly Found[],
  { accountId, kept }: Omit<Reading, 'asked'>,
): Promise<ReadonlyMap<string, number>> {
  const names = found.flatMap((one) => one.names)
  if (names.length === 0) return new Map()
  const distinct = [...new Map(names.map((one) => [`${one.kind} ${one.id}`, one])).values()]
  const known = await findNamed(objects, accountId, distinct)
  const place = placeOf(known)
  if (place.channelId !== kept.channelId || place.upstreamKey !== kept.upstreamKey) {
    throw new Refused(
      'invalid_request',
      'the lines name what is kept by another provider than their file',
    )
  }
  return new Map(known.map(({ object }) => [object.id, object.tokens]))
}

function boundOf(
  { expected, outputLimit, choices, names, video }: Found,
  own: number,
  tokens: ReadonlyMap<string, number>,
): BatchLine {
  const added = names.reduce((sum, { id }) => sum + (tokens.get(id) ?? 0), 0)
  return {
    expected: added === 0 ? expected : { ...expected, prompt: expected.prompt + added },
    output: (outputLimit ?? own) * choices,
    video,
  }
}
