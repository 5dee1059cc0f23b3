import { type Dispatcher, request } from 'undici'
import { Refused } from '../errors.ts'
import { SIMULATOR_MODEL } from '../prices/own-models.ts'
import { type BaseUrl, BaseUrlError, parseBaseUrl } from './base-url.ts'
import type { Channel } from './channel.ts'

/** Where to ask and with what: a channel, or one that is not saved yet. */
export interface Upstream {
  readonly baseUrl: BaseUrl
  readonly authorization: readonly string[]
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Enough of a channel to ask its upstream a question before it is saved. */
export interface NewUpstream {
  readonly type: string
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

/** Builds the probe over the same connections that the relay uses, with their address rules. */
export function createProbe(parts: { dispatcher: Dispatcher; now: () => number }): Probe {
  const { dispatcher, now } = parts

  async function ask(upstream: Upstream, path: string, body?: string): Promise<Answered> {
    const answer = await request(
      `${upstream.baseUrl.origin}${upstream.baseUrl.pathPrefix}${path}`,
      {
        dispatcher,
        method: body === undefined ? 'GET' : 'POST',
        headers: questionHeaders(upstream, body !== undefined),
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(QUESTION_MS),
      },
    )
    return { status: answer.statusCode, text: await readSome(answer.body) }
  }

  async function listModels(upstream: Upstream): Promise<readonly string[]> {
    let answered: Answered
    try {
      answered = await ask(upstream, '/models')
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
      const sent = JSON.stringify({
        model: channel.mapping.get(model) ?? model,
        messages: [{ role: 'user', content: 'Say OK.' }],
      })
      try {
        const { status, text } = await ask(channel, '/chat/completions', sent)
        const ok = status === 200 && isJson(text)
        return { ok, status, latencyMs: now() - startedAt, message: ok ? '' : saysNo(status) }
      } catch (error) {
        return { ok: false, status: 0, latencyMs: now() - startedAt, message: whyNoAnswer(error) }
      }
    },
    async models(upstream) {
      if (upstream.type === 'simulator') return [SIMULATOR_MODEL]
      return listModels({
        baseUrl: parsedOrRefused(upstream.baseUrl),
        authorization: upstream.keys,
        headers: Object.entries(upstream.headers),
      })
    },
    modelsOf: async (channel) =>
      channel.type === 'simulator' ? [SIMULATOR_MODEL] : listModels(channel),
  }
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

function questionHeaders(upstream: Upstream, hasBody: boolean): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (hasBody) headers['content-type'] = 'application/json'
  const key = upstream.authorization[0]
  if (key !== undefined) headers.authorization = `Bearer ${key}`
  for (const [name, value] of upstream.headers) headers[name.toLowerCase()] = value
  return headers
}

/** Reads a body up to the limit; leaving the loop early ends the exchange. */
async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new Error(`the answer is longer than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The ids of an OpenAI model list; `undefined` when the text is none. */
function idsOf(text: string): readonly string[] | undefined {
  if (!isJson(text)) return undefined
  const list: { data?: unknown } | null = JSON.parse(text)
  if (!Array.isArray(list?.data)) return undefined
  const ids = new Set<string>()
  for (const model of list.data) {
    const id: unknown = model?.id
    if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ID) ids.add(id)
  }
  return [...ids].sort()
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function parsedOrRefused(text: string): BaseUrl {
  try {
    return parseBaseUrl(text)
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
  if (error.name === 'TimeoutError')
    return `the provider did not answer within ${QUESTION_MS / 1000} s`
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `the provider could not be reached${code}`
}
