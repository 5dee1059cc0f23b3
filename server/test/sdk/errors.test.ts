import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { ApiError, GoogleGenAI } from '@google/genai'
import { APICallError, streamText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it, vi } from 'vitest'
import { DIALECT_NAMES, type DialectName } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import type { Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway, type TestGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

/** What goes wrong raises what each library has for it; what its caller gives up ends at the provider, too. */

// It says what it thinks of unknown models.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

const gateway = await sharedGateway()
const { upstream, url } = gateway
const plenty = await gateway.createKey({ remain_quota: 100_000_000 })

interface Asking {
  readonly model: string
  readonly apiKey: string
  readonly signal?: AbortSignal
}

interface Library {
  plain(asking: Asking): Promise<unknown>
  /** The pieces of the text as they come. */
  stream(asking: Asking): AsyncIterable<string>
  /** What it throws, by status. */
  readonly throws: Readonly<Record<number, unknown>>
  /** What it throws in the midst of a stream. */
  readonly amidst: unknown
}

const says = [{ role: 'user' as const, content: 'Say hello.' }]
const openai = (apiKey: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })

/** Both libraries were made by the same generator. */
const classesOf = (Sdk: typeof OpenAI | typeof Anthropic) => ({
  400: Sdk.BadRequestError,
  401: Sdk.AuthenticationError,
  403: Sdk.PermissionDeniedError,
  404: Sdk.NotFoundError,
  429: Sdk.RateLimitError,
  500: Sdk.InternalServerError,
  502: Sdk.InternalServerError,
  503: Sdk.InternalServerError,
  529: Sdk.InternalServerError,
})

const always = (thrown: unknown) =>
  Object.fromEntries([400, 401, 403, 404, 429, 500, 502, 503, 529].map((code) => [code, thrown]))

type Model = Parameters<typeof streamText>[0]['model']

function vercel(modelOf: (asking: Asking) => Model): Library {
  const call = (asking: Asking) => ({
    ...{ model: modelOf(asking), prompt: 'Say hello.', maxRetries: 0 },
    ...(asking.signal && { abortSignal: asking.signal }),
    onError: () => undefined,
  })
  async function* parts(asking: Asking) {
    for await (const part of streamText(call(asking)).fullStream) {
      if (part.type === 'error') throw part.error
      if (part.type === 'text-delta') yield part.text
    }
  }
  return {
    async plain(asking) {
      for await (const _text of parts(asking));
    },
    stream: parts,
    throws: always(APICallError),
    amidst: Error,
  }
}

const LIBRARIES: Readonly<Record<string, Library>> = {
  'openai, chat': {
    plain: ({ model, apiKey }) => openai(apiKey).chat.completions.create({ model, messages: says }),
    async *stream({ model, apiKey, signal }) {
      const asked = { model, messages: says, stream: true as const }
      const chunks = await openai(apiKey).chat.completions.create(asked, { signal })
      for await (const { choices } of chunks) yield choices[0]?.delta.content ?? ''
    },
    throws: classesOf(OpenAI),
    amidst: OpenAI.APIError,
  },
  'openai, responses': {
    plain: ({ model, apiKey }) => openai(apiKey).responses.create({ model, input: 'Say hello.' }),
    async *stream({ model, apiKey, signal }) {
      const events = openai(apiKey).responses.stream({ model, input: 'Say hello.' }, { signal })
      for await (const event of events)
        if (event.type === 'response.output_text.delta') yield event.delta
      await events.finalResponse()
    },
    throws: classesOf(OpenAI),
    amidst: Error,
  },
  '@anthropic-ai/sdk': {
    plain: ({ model, apiKey }) =>
      new Anthropic({ baseURL: url, apiKey, maxRetries: 0 }).messages.create({
        ...{ model, messages: says, max_tokens: 100 },
      }),
    async *stream({ model, apiKey, signal }) {
      const client = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 })
      const asked = { model, messages: says, max_tokens: 100 }
      const events = client.messages.stream(asked, { signal })
      for await (const event of events)
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
          yield event.delta.text
      await events.finalMessage()
    },
    throws: classesOf(Anthropic),
    amidst: Anthropic.AnthropicError,
  },
  '@google/genai': {
    plain: ({ model, apiKey }) =>
      new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } }).models.generateContent({
        ...{ model, contents: 'Say hello.' },
      }),
    async *stream({ model, apiKey, signal }) {
      const { models } = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } })
      const config = signal === undefined ? {} : { abortSignal: signal }
      const asked = { model, contents: 'Say hello.', config }
      for await (const part of await models.generateContentStream(asked)) yield part.text ?? ''
    },
    throws: always(ApiError),
    amidst: Error,
  },
  'ai with openai, responses': vercel(({ model, apiKey }) =>
    createOpenAI({ baseURL: `${url}/v1`, apiKey })(model),
  ),
  'ai with openai, chat': vercel(({ model, apiKey }) =>
    createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat(model),
  ),
  'ai with anthropic': vercel(({ model, apiKey }) =>
    createAnthropic({ baseURL: `${url}/v1`, apiKey })(model),
  ),
  'ai with google': vercel(({ model, apiKey }) =>
    createGoogle({ baseURL: `${url}/v1beta`, apiKey })(model),
  ),
}

interface Thrown {
  readonly message: string
  readonly status?: number
  readonly statusCode?: number
  readonly headers?: Headers
  readonly responseHeaders?: Readonly<Record<string, string>>
}

async function thrownBy(call: () => Promise<unknown>): Promise<Thrown> {
  try {
    await call()
  } catch (error) {
    return error as Thrown
  }
  throw new Error('nothing was thrown')
}

const told = ({ status, statusCode, headers, responseHeaders }: Thrown) => ({
  status: status ?? statusCode,
  retryAfter: headers?.get('retry-after') ?? responseHeaders?.['retry-after'],
})

const all = async (texts: AsyncIterable<string>) => {
  for await (const _text of texts);
}

let nth = 0
async function offer(provider: DialectName, script: Script) {
  const { channel } = PROVIDERS[provider]
  const model = `${provider}-fails-${++nth}`
  return gateway.offer(model, script, { channel: channel(upstream.url) })
}

const EVENTS: Readonly<Record<DialectName, string>> = {
  openai: 'data: {"error":{"message":"overloaded today","type":"server_error","code":null}}\n\n',
  responses:
    'event: error\ndata: {"type":"error","code":"server_error","message":"overloaded today","param":null,"sequence_number":9}\n\n',
  anthropic:
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"overloaded today"}}\n\n',
  gemini: 'data: {"error":{"code":503,"message":"overloaded today","status":"UNAVAILABLE"}}\n\n',
}

/** Says its first words, then that it failed. */
function failsAmidst(provider: DialectName): Script {
  const { script, begun } = PROVIDERS[provider]
  return (call, response) => {
    let writes = 0
    const write = response.write.bind(response) as (...args: readonly unknown[]) => boolean
    const end = response.end.bind(response)
    const failing = (...args: readonly unknown[]) => {
      if (writes++ < begun) return write(...args)
      if (writes === begun + 1) end(EVENTS[provider])
      return true
    }
    Object.assign(response, { write: failing, end: () => response })
    return script({})(call, response)
  }
}

for (const [name, library] of Object.entries(LIBRARIES)) {
  const ask = (model: string) => library.plain({ model, apiKey: plenty.key })
  describe(name, () => {
    for (const provider of DIALECT_NAMES) {
      it.each([
        [429, 429],
        [500, 500],
        [529, 529],
        // Our key with the provider is no business of the caller's.
        [401, 502],
      ])(`raises what it has for ${provider} answering %i`, async (status, expected) => {
        const model = await offer(provider, (_call, response) =>
          sendJson(response, status, PROVIDERS[provider].refusal('not today'), {
            'retry-after': '7',
          }),
        )
        const thrown = await thrownBy(() => ask(model))
        expect(thrown).toBeInstanceOf(library.throws[expected])
        expect(told(thrown).status ?? expected).toBe(expected)
        if (expected !== 502) expect(thrown.message).toContain('not today')
        // The library of Google tells no headers.
        if (status === 429 && name !== '@google/genai') expect(told(thrown).retryAfter).toBe('7')
      })

      it(`raises an error that ${provider} tells amidst a stream`, async () => {
        const model = await offer(provider, failsAmidst(provider))
        const texts: string[] = []
        const thrown = await thrownBy(async () => {
          for await (const text of library.stream({ model, apiKey: plenty.key })) texts.push(text)
        })
        expect(thrown).toBeInstanceOf(library.amidst)
        expect(texts.join('')).toBe('Hello ')
      })

      it(`raises where ${provider} breaks off`, async () => {
        const { script, begun } = PROVIDERS[provider]
        const model = await offer(provider, script({ breaksAfter: begun }))
        const asking = { model, apiKey: plenty.key }
        expect(await thrownBy(() => all(library.stream(asking)))).toBeInstanceOf(library.amidst)
      })

      it(`ends at ${provider} what its caller gives up, and is charged for it`, async () => {
        const { script, begun } = PROVIDERS[provider]
        const speech: Speech = {
          beforeEvent: (index) => (index >= begun ? new Promise(() => undefined) : undefined),
        }
        const model = await offer(provider, script(speech))
        const { id, key } = await gateway.createKey()
        const abort = new AbortController()
        const next = upstream.next()
        const reading = (async () => {
          for await (const text of library.stream({
            ...{ model, apiKey: key, signal: abort.signal },
          }))
            if (text !== '') abort.abort()
        })()
        await reading.catch(() => undefined)
        expect(abort.signal.aborted).toBe(true)
        expect(await (await next).over).toBe('aborted')
        await vi.waitFor(async () => expect(await spentBy(gateway, id)).toBeGreaterThan(0), 5_000)
      })
    }

    it('raises what the gateway itself refuses', async () => {
      const model = await offer('openai', PROVIDERS.openai.script({}))
      const poor = await gateway.createKey({ remain_quota: 0 })
      const slow = await gateway.createKey({ rpm_limit: 1 })
      const refusals = [
        [404, { model: 'no-such-model', apiKey: plenty.key }],
        [403, { model, apiKey: poor.key }],
        [401, { model, apiKey: 'no-key' }],
      ] as const
      for (const [status, asking] of refusals) {
        const thrown = await thrownBy(() => library.plain(asking))
        expect(thrown).toBeInstanceOf(library.throws[status])
        expect(told(thrown).status).toBe(status)
      }
      await library.plain({ model, apiKey: slow.key })
      const limited = await thrownBy(() => library.plain({ model, apiKey: slow.key }))
      expect(limited).toBeInstanceOf(library.throws[429])
      if (name !== '@google/genai') expect(Number(told(limited).retryAfter)).toBeGreaterThan(0)
    })
  })
}

const spentBy = async ({ keyRecord }: TestGateway, id: number) => (await keyRecord(id)).used_quota
