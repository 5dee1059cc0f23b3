import type { Said } from './secrets.ts'
import type { Script, Upstream } from './upstream.ts'
import { answers as plainAnswer } from './upstream-scripts.ts'

/** An answer, read to its end. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
  /** Our id of the request. */
  readonly requestId: string
}

/** A key as created, with its value. */
export interface TestKey {
  readonly id: number
  readonly key: string
  readonly remain_quota: number
  readonly name: string
}

export type Fields = Readonly<Record<string, unknown>>

export interface CallOptions {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** What a model costs in tests: 1 unit an input token, 4 units an output token. */
export const PRICE = { input: '2', output: '8' }

export interface GatewayCalls {
  /** A management call with the administrator's token (or `headers.authorization`). */
  api(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered>
  /** `api`, but fails unless it succeeded; resolves with `data`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  manage(method: string, path: string, body?: unknown): Promise<any>
  /** A model call, read to its end. A text or bytes as body are sent as they are. */
  call(body: Fields | string | Uint8Array, key: string, options?: CallOptions): Promise<Answered>
  /** A model call whose answer is read by the test. */
  open(body: Fields | string | Uint8Array, key: string, options?: CallOptions): Promise<Response>
  /** A key with plenty of quota unless `fields` say otherwise. */
  createKey(fields?: Fields): Promise<TestKey>
  keyRecord(
    id: number,
  ): Promise<Fields & { remain_quota: number; used_quota: number; status: number }>
  createChannel(fields: Fields): Promise<Fields & { id: number }>
  /** Makes a model that the upstream answers with `script`: a channel of its own, and a price (null = none). */
  offer(
    model: string,
    script?: Script,
    more?: { price?: Fields | null; channel?: Fields },
  ): Promise<string>
  /** The usage record of a call; undefined when it left none. */
  usageOf(requestId: string): Promise<(Fields & { quota: number; shortfall: number }) | undefined>
  /** The administrator's account: its balance, and what it spent. */
  account(): Promise<Fields & { quota: number; used_quota: number; request_count: number }>
  /** A secret that must not be said from now on. */
  secret<T extends string>(value: T): T
}

interface Wiring {
  readonly url: string
  readonly adminToken: string
  readonly upstream: Upstream
  readonly secrets: Set<string>
  readonly answers: Said[]
}

export const asking = (model: string, more: Fields = {}) => ({
  model,
  messages: [{ role: 'user', content: 'Say hello.' }],
  ...more,
})

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const bodyOf = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array
    ? (body as string | Uint8Array<ArrayBuffer>)
    : JSON.stringify(body)

/** Reads an answer to its end. */
export async function readWhole(response: Response): Promise<Answered> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: jsonOf(text),
    requestId: response.headers.get('x-request-id') ?? '',
  }
}

export function createCalls(wiring: Wiring): GatewayCalls {
  const { url, adminToken, secrets, answers } = wiring
  const secret = <T extends string>(value: T): T => {
    secrets.add(value)
    return value
  }

  async function heard(where: string, response: Response): Promise<Answered> {
    const answered = await readWhole(response)
    const noStore = response.headers.get('cache-control') === 'no-store'
    const headers = [...response.headers].map((pair) => pair.join(': ')).join('\n')
    answers.push({ where, text: `${headers}\n\n${answered.text}`, noStore })
    return answered
  }

  const api: GatewayCalls['api'] = async (method, path, body, headers = {}) =>
    heard(
      `the answer of ${method} ${path}`,
      await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          authorization: adminToken,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: bodyOf(body) }),
      }),
    )

  const open: GatewayCalls['open'] = (body, key, { path, method, headers, signal } = {}) =>
    fetch(url + (path ?? '/v1/chat/completions'), {
      method: method ?? 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(method !== 'GET' && { body: bodyOf(body) }),
      ...(signal && { signal }),
    })

  async function manage(method: string, path: string, body?: unknown, headers = {}) {
    const answered = await api(method, path, body, headers)
    if (answered.json?.success !== true) {
      throw new Error(`${method} ${path}: ${answered.status} ${answered.text}`)
    }
    return answered.json.data
  }

  return {
    api,
    manage: (method, path, body) => manage(method, path, body),
    open,
    call: async (body, key, options) =>
      heard('the answer of a model call', await open(body, key, options)),
    async createKey(fields = {}) {
      const sent = { name: 'test', remain_quota: 1_000_000, ...fields }
      const key = await manage('POST', '/api/token/', sent, { prefer: 'return=representation' })
      secret(key.key)
      return key
    },
    secret,
    ...createRooms(wiring, secret, manage),
  }
}

type Manage = GatewayCalls['manage']

/** What tests arrange and look up through the management API. */
function createRooms(
  { upstream }: Wiring,
  secret: (value: string) => string,
  manage: Manage,
): Pick<GatewayCalls, 'keyRecord' | 'createChannel' | 'offer' | 'usageOf' | 'account'> {
  const createChannel: GatewayCalls['createChannel'] = (fields) =>
    manage('POST', '/api/channel/', {
      name: 'scripted',
      type: 'openai-compatible',
      base_url: `${upstream.url}/v1`,
      keys: [secret(`upstream-secret-${Math.random().toString(36).slice(2)}`)],
      groups: ['default'],
      ...fields,
    })
  return {
    createChannel,
    keyRecord: (id) => manage('GET', `/api/token/${id}`),
    account: () => manage('GET', '/api/user/self'),
    async offer(model, script = plainAnswer(), { price = PRICE, channel = {} } = {}) {
      upstream.on(model, script)
      if (price !== null) await manage('PUT', `/api/price/${encodeURIComponent(model)}`, price)
      await createChannel({ models: [model], ...channel })
      return model
    },
    async usageOf(requestId) {
      return (await manage('GET', `/api/log/?request_id=${requestId}`)).items[0]
    },
  }
}
