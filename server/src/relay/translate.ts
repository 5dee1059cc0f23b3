import type { Channel } from '../channels/channel.ts'
import { demandsOf } from '../channels/types/demands.ts'
import { TYPE_RULES } from '../channels/types/types.ts'
import type { DialectName, Loose } from '../dialects/dialect.ts'
import { added, type Edit, memberOf, spliced } from '../dialects/edits.ts'
import { isObject } from '../dialects/judged.ts'
import { openai } from '../dialects/openai.ts'
import { Refused } from '../errors.ts'
import { CODECS } from '../translate/codecs.ts'
import type { EmbeddingsAsked } from '../translate/embeddings/codec.ts'
import { isEmbeddings } from '../translate/embeddings/codecs.ts'
import { refuseWhatIsLost } from '../translate/features.ts'
import { holdsForeign, withoutForeign } from '../translate/foreign-reasoning.ts'
import type { NeutralRequest } from '../translate/neutral/request.ts'
import type { UpstreamRequest } from './forward/answer.ts'
import { headersForDialect, withDemands } from './forward/headers.ts'
import { type Hosting, hostedBody, hostedHeaders, hostedPayload } from './hosted-body.ts'
import { UNKNOWN_OUTPUT } from './reserve.ts'
import { notOffered, translateEmbeddings } from './translate-embeddings.ts'
import type { ModelCall, Reserved } from './values.ts'

/** A request for one channel, and what has to be known to read its answer. */
export interface Translated {
  readonly request: UpstreamRequest
  /** What the channel's provider speaks. */
  readonly dialect: DialectName
  /** Usage was asked for by us alone: it is taken out of the answer again. */
  readonly hideUsage: boolean
  /** The call in no provider's words, where the caller speaks another dialect than the channel. */
  readonly neutral: NeutralRequest | undefined
  /** The same of embeddings. */
  readonly embeddings?: EmbeddingsAsked
}

/** Whether the answer has to be retold in the caller's dialect. */
export const isForeign = ({ neutral, embeddings }: Translated): boolean =>
  neutral !== undefined || embeddings !== undefined

/** What a channel is spoken to in: the caller's own dialect where it can be. */
export function dialectFor({ dialects }: Channel, callers: DialectName): DialectName {
  return dialects.includes(callers) ? callers : (dialects[0] as DialectName)
}

/** In whose words a call's body is: mostly those of its path. */
const dialectOfBody = ({ dialect, parsed }: ModelCall): DialectName =>
  parsed.written ?? dialect.name

export interface TranslateParts {
  /** The caller's, less those that are not for a provider. */
  readonly headers: readonly string[]
  /** The asked one, or a fallback. */
  readonly model: string
  /** The most that a model writes. */
  readonly maxOutput: (model: string) => number | undefined
}

/**
 * The call as the channel's provider understands it.
 * @throws Refused `unsupported_parameter` where its dialect can't say what the caller asked for.
 */
export function translate(reserved: Reserved, channel: Channel, parts: TranslateParts): Translated {
  const { call } = reserved
  const { headers } = parts
  const dialect = dialectFor(channel, dialectOfBody(call))
  const model = channel.mapping.get(parts.model) ?? parts.model
  const isOther = dialect !== call.dialect.name || call.parsed.written !== undefined
  const { operation } = call.dialect
  const rules = TYPE_RULES[channel.type]
  if (operation !== 'chat') {
    if (isOther && isEmbeddings(operation))
      return translateEmbeddings(channel, { call, headers, model })
    if (isOther || rules.chatsOnly?.includes(dialect) === true) throw notOffered(operation, dialect)
  }
  // What goes on there has to be asked after.
  if (call.parsed.job !== undefined && rules.objectPath?.(channel.baseUrl, '', '') === undefined) {
    throw new Refused('unsupported_parameter', `channels of the type ${channel.type} begin no jobs`)
  }
  const hosted = dialect === 'anthropic' ? rules.hosts?.(channel.baseUrl) : undefined
  const hosting = hosted && { hosted, channel, headers: isOther ? NO_HEADERS : headers }
  const path = rules.pathOf({
    dialect,
    operation,
    model,
    stream: call.parsed.stream,
    id: call.path.id,
    baseUrl: channel.baseUrl,
    query: isOther ? '' : call.query,
  })
  const to = { channel, dialect, model, path, hosting }
  return isOther ? toForeign(reserved, to, parts) : toNative(reserved, to, headers)
}

/** Where a call goes, and how it is spoken to there. */
interface Target {
  readonly channel: Channel
  readonly dialect: DialectName
  /** The provider's own id. */
  readonly model: string
  readonly path: string
  readonly hosting: Hosting | undefined
}

/** @throws Refused */
function toForeign(
  reserved: Reserved,
  { dialect, model, path, hosting }: Target,
  { headers, model: publicModel, maxOutput }: TranslateParts,
): Translated {
  const neutral = neutralOf(reserved, dialect, maxOutput(publicModel))
  const written = CODECS[dialect].writeRequest(neutral, model)
  const body = hosting ? hostedBody(hosting, written) : Buffer.from(JSON.stringify(written))
  const sent = headersForDialect(headers, demandsOf(dialect))
  const request: UpstreamRequest = { method: 'POST', path, headers: sent, body }
  return { request, dialect, hideUsage: false, neutral }
}

function toNative(
  reserved: Reserved,
  { channel, dialect, model: theirs, path, hosting }: Target,
  headers: readonly string[],
): Translated {
  const { call } = reserved
  const usage = call.dialect === openai ? usageEdit(reserved) : undefined
  // On other clouds the path names the model.
  const model = hosting === undefined ? theirs : call.parsed.model
  const edited = editedBody(call, editsOf(reserved, channel, { model, usage }), hosting)
  const asIs =
    dialect === 'openai' || !Buffer.isBuffer(edited) || !holdsForeign(dialect, call.parsed.body())
  const body = asIs ? edited : withoutForeign(dialect, edited)
  const own = hosting === undefined ? headers : hostedHeaders(hosting)
  const sent = dialect === 'anthropic' ? withDemands(own, demandsOf(dialect)) : own
  const request: UpstreamRequest = { method: 'POST', path, headers: sent, body }
  return { request, dialect, hideUsage: usage !== undefined, neutral: undefined }
}

const NO_HEADERS: readonly string[] = []

function editedBody(call: ModelCall, edits: readonly Edit[], hosting?: Hosting) {
  const { payload, parsed, upload } = call
  if (upload !== undefined) return upload.edited(edits)
  if (hosting !== undefined) return hostedPayload(hosting, payload, parsed, edits)
  return edits.length === 0 ? payload : spliced(payload, edits)
}

/** Contract 3: the body goes out byte for byte, with exactly these edits where they apply. */
export function editsOf(
  { call, outputLimit }: Pick<Reserved, 'call' | 'outputLimit'>,
  channel: Channel,
  { model, usage }: { readonly model: string; readonly usage?: Edit | undefined },
): readonly Edit[] {
  const { payload, parsed } = call
  const edits: Edit[] = []
  const span = parsed.spans.get('model')
  if (model !== parsed.model) {
    const { modelEdits } = call.dialect
    if (modelEdits !== undefined) edits.push(...modelEdits(payload, parsed, model))
    else if (span !== undefined)
      edits.push({ ...span, text: parsed.isForm ? model : JSON.stringify(model) })
  }
  if (usage !== undefined) edits.push(usage)
  if (outputLimit !== undefined) {
    const limit = { tokens: outputLimit, added: TYPE_RULES[channel.type].outputLimit }
    edits.push(...call.dialect.limitEdits(payload, parsed, limit))
  }
  return edits
}

/** Streams of chat completions report usage only when they are asked to. */
function usageEdit({ call: { parsed, payload } }: Reserved): Edit | undefined {
  if (!parsed.stream) return undefined
  const options = memberOf(payload, parsed, 'stream_options') ?? {}
  if (typeof options !== 'object' || Array.isArray(options)) return undefined
  if ((options as { include_usage?: unknown }).include_usage === true) return undefined
  const span = parsed.spans.get('stream_options')
  if (span === undefined) return added(payload, '"stream_options":{"include_usage":true}')
  return { ...span, text: JSON.stringify({ ...options, include_usage: true }) }
}

/** What the caller said, with the limit that it was given. @throws Refused */
function neutralOf(
  { call, outputLimit }: Reserved,
  target: DialectName,
  maxOutput: number | undefined,
): NeutralRequest {
  const asked = readNeutral(call)
  // Some dialects can't do without: then it is what was reserved for.
  const limit = outputLimit ?? asked.outputLimit ?? maxOutput ?? UNKNOWN_OUTPUT
  const isUnsaid = target !== 'anthropic' && outputLimit === undefined
  const neutral = isUnsaid ? asked : { ...asked, outputLimit: limit }
  refuseWhatIsLost(neutral, CODECS[target].fates, CODECS[target].title)
  return neutral
}

/** Read once a call, however many channels are tried. */
const READ = new WeakMap<ModelCall, NeutralRequest>()

function readNeutral(call: ModelCall): NeutralRequest {
  const known = READ.get(call)
  if (known !== undefined) return known
  const { model, stream } = call.parsed
  const body = call.parsed.body()
  const read = CODECS[dialectOfBody(call)].readRequest(body, { model, stream })
  const neutral =
    call.parsed.written === 'responses' ? { ...read, streamsUsage: asksForUsage(body) } : read
  READ.set(call, neutral)
  return neutral
}

/** Streams of Responses always report; those of chat completions, which are wanted here, when they are asked to. */
const asksForUsage = ({ stream_options }: Loose): boolean =>
  isObject(stream_options) && stream_options.include_usage === true
