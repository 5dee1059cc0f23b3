import { type Dispatcher, request } from 'undici'
import type { DialectName } from '../dialects/dialect.ts'
import { Refused } from '../errors.ts'
import { SIMULATOR_MODEL } from '../prices/own-models.ts'
import { type BaseUrl, BaseUrlError } from './base-url.ts'
import type { Channel } from './channel.ts'
import { readAtMost } from './read-at-most.ts'
import { smallQuestion } from './small-question.ts'
import { type Access, NoAccess, type OutgoingRequest } from './types/access.ts'
import type { AccessTo } from './types/accesses.ts'
import { demandsOf } from './types/demands.ts'
import { type ChannelType, TYPE_RULES } from './types/types.ts'

/** Where to ask and with what: a channel, or one that is not saved yet. */
export interface Upstream {
  readonly baseUrl: BaseUrl
  readonly authorization: readonly string[]
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly type: ChannelType
  readonly dialects?: readonly DialectName[]
  readonly access?: Access | undefined
}

/** Enough of a channel to ask its upstream a question before it is saved. */
export interface NewUpstream {
  readonly type: ChannelType
  readonly baseUrl: string
  readonly keys: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

/** What one small real request found. `message` names no secret and no internal address. */
export interface Trial {
  readonly ok: boolean
  /** HTTP status of the provider; 0 when there was no answer. */
  readonly status: number
  readonly latencyMs: number
  readonly message: string
}

/** Asks upstreams small questions, apart from the relay. */
export interface Probe {
  /** One small real request with this model. Never rejects. */
  test(channel: Channel, model: string): Promise<Trial>
  /** `GET /models` of an upstream. Rejects with `Refused` when it does not answer with a list. */
  models(upstream: NewUpstream): Promise<readonly string[]>
  /** The same for a channel that is saved. */
  modelsOf(channel: Channel): Promise<readonly string[]>
}

/** Lists of models and small answers; whoever sends more is not asked to the end. */
const MOST_BYTES = 4 * 1024 * 1024
const QUESTION_MS = 15_000
/** Ids longer than the wire allows can't be called. */
const LONGEST_ID = 256

export interface ProbeParts {
  readonly dispatcher: Dispatcher
  readonly accessTo: AccessTo
  readonly now: () => number
}

/** Builds the probe over the same connections that the relay uses, with their address rules. */
export function createProbe(parts: ProbeParts): Probe {
  const { dispatcher, now, accessTo } = parts

  async function ask(upstream: Upstream, path: string, text?: string): Promise<Answered> {
    const { method, origin, path: whole, headers } = await questionTo(upstream, path, text)
    const answer = await request(origin + whole, {
      ...{ method, headers, body: text ?? null, dispatcher },
      signal: AbortSignal.timeout(QUESTION_MS),
    })
    return { status: answer.statusCode, text: await readAtMost(answer.body, MOST_BYTES) }
  }

  async function listModels(upstream: Upstream): Promise<readonly string[]> {
    const path = TYPE_RULES[upstream.type].modelsPath(upstream.baseUrl)
    if (path === undefined) {
      throw new Refused(
        'invalid_field',
        `models: the type ${upstream.type} has no list of models; name them yourself`,
      )
    }
    let answered: Answered
    try {
      answered = await ask(upstream, path)
    } catch (error) {
      throw new Refused('invalid_field', `models: ${whyNoAnswer(error)}`, { detail: String(error) })
    }
    const ids = answered.status === 200 ? idsOf(answered.text) : undefined
    if (ids !== undefined) return ids
    throw new Refused(
      'invalid_field',
      `models: the provider has no list of models (it answered ${answered.status}); name them yourself`,
    )
  }

  return {
    async test(channel, model) {
      if (channel.type === 'simulator') return SIMULATED
      const startedAt = now()
      const theirs = channel.mapping.get(model) ?? model
      const { path, sent } = smallCall(channel, theirs)
      try {
        const { status, text } = await ask(channel, path, sent)
        const ok = status === 200 && isJson(text)
        return { ok, status, latencyMs: now() - startedAt, message: ok ? '' : saysNo(status) }
      } catch (error) {
        return { ok: false, status: 0, latencyMs: now() - startedAt, message: whyNoAnswer(error) }
      }
    },
    async models(upstream) {
      if (upstream.type === 'simulator') return [SIMULATOR_MODEL]
      const { type, keys } = upstream
      const baseUrl = parsedOrRefused(upstream)
      return listModels({
        ...{ type, baseUrl, authorization: keys },
        headers: Object.entries(upstream.headers),
        access: accessTo(type, { baseUrl, keys }),
      })
    },
    modelsOf: async (channel) =>
      channel.type === 'simulator' ? [SIMULATOR_MODEL] : listModels(channel),
  }
}

/** A small question to a channel, and where it is asked. */
function smallCall(channel: Channel, model: string) {
  const { type, baseUrl } = channel
  const dialect = dialectOf(channel)
  const path = TYPE_RULES[type].pathOf({
    ...{ dialect, baseUrl, model },
    ...{ operation: 'chat', stream: false, query: '' },
  })
  const hosted = dialect === 'anthropic' ? TYPE_RULES[type].hosts?.(baseUrl) : undefined
  return { path, sent: smallQuestion(dialect, model, hosted?.version) }
}

/** What it speaks, as far as a small question is concerned. */
function dialectOf({ type, baseUrl, dialects }: Upstream): DialectName {
  return (dialects ?? TYPE_RULES[type].dialectsOf(baseUrl))[0] ?? 'openai'
}

interface Answered {
  readonly status: number
  readonly text: string
}

const SIMULATED: Trial = {
  ok: true,
  status: 200,
  latencyMs: 0,
  message: 'the simulator always answers',
}

/** The request, with the first key; resolves when it may go out. @throws NoAccess */
async function questionTo(
  upstream: Upstream,
  path: string,
  text?: string,
): Promise<OutgoingRequest> {
  const { baseUrl, access, authorization } = upstream
  const headers = ['accept', 'application/json']
  if (text !== undefined) headers.push('content-type', 'application/json')
  for (const [name, value] of demandsOf(dialectOf(upstream))) headers.push(name, value)
  for (const [name, value] of upstream.headers) headers.push(name.toLowerCase(), value)
  const question: OutgoingRequest = {
    method: text === undefined ? 'GET' : 'POST',
    origin: baseUrl.origin,
    path: baseUrl.pathPrefix + path,
    headers,
    body: text === undefined ? undefined : Buffer.from(text),
  }
  const [key] = authorization
  if (key !== undefined) {
    if (access === undefined) headers.push('authorization', `Bearer ${key}`)
    else await access.authorise(question, key)
  }
  return question
}

/** The ids of a list of models, as OpenAI and Anthropic (`data`) or Gemini (`models`) write it; `undefined`: it is none. */
function idsOf(text: string): readonly string[] | undefined {
  if (!isJson(text)) return undefined
  const list: { data?: unknown; models?: unknown } | null = JSON.parse(text)
  const models = list?.data ?? list?.models
  if (!Array.isArray(models)) return undefined
  const ids = new Set<string>()
  for (const model of models) {
    const id: unknown = model?.id ?? idIn(model?.name)
    if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ID) ids.add(id)
  }
  return [...ids].sort()
}

const idIn = (name: unknown): unknown =>
  typeof name === 'string' && name.startsWith('models/') ? name.slice('models/'.length) : undefined

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function parsedOrRefused({ type, baseUrl }: NewUpstream): BaseUrl {
  try {
    return TYPE_RULES[type].parseBaseUrl(baseUrl)
  } catch (error) {
    throw error instanceof BaseUrlError ? new Refused('invalid_field', error.message) : error
  }
}

/** The provider's own words may quote its key, so only the status is told. */
const saysNo = (status: number): string =>
  status === 200
    ? 'the provider answered something that is not JSON'
    : `the provider answered ${status}`

function whyNoAnswer(error: unknown): string {
  if (!(error instanceof Error)) return 'the provider could not be reached'
  if (error instanceof NoAccess) return error.message
  if (error.name === 'TimeoutError')
    return `the provider did not answer within ${QUESTION_MS / 1000} s`
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `the provider could not be reached${code}`
}
