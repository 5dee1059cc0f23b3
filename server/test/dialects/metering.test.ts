import { describe, expect, it, vi } from 'vitest'
import { candidates, messages, responses } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { sendJson, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const PRICE = {
  ...{ input: '2', output: '8', per_search: '0.01', per_image: '0.04', output_image: '60' },
  service: { flex: { input: '1', output: '4' }, priority: { input: '4', output: '16' } },
}
const messagesOf = [{ role: 'user', content: 'Hi' }]

const CALLERS = {
  openai: {
    channel: undefined,
    path: () => '/v1/chat/completions',
    body: (model: string) => ({ model, messages: messagesOf, stream: true, max_tokens: 500 }),
    headers: { authorization: `Bearer ${key}` },
  },
  responses: {
    channel: { type: 'openai', base_url: `${upstream.url}/v1` },
    path: () => '/v1/responses',
    body: (model: string) => ({ model, input: 'Hi', stream: true, max_output_tokens: 500 }),
    headers: { authorization: `Bearer ${key}` },
  },
  anthropic: {
    channel: { type: 'anthropic', base_url: upstream.url },
    path: () => '/v1/messages',
    body: (model: string) => ({ model, messages: messagesOf, stream: true, max_tokens: 500 }),
    headers: { authorization: '', 'x-api-key': key, 'anthropic-version': '2023-06-01' },
  },
  gemini: {
    channel: { type: 'gemini', base_url: upstream.url },
    path: (model: string) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }),
    headers: { authorization: '', 'x-goog-api-key': key },
  },
} as const
type Name = keyof typeof CALLERS

let nth = 0
async function offered(name: Name, script: Script): Promise<string> {
  const { channel } = CALLERS[name]
  return gateway.offer(`metered-${++nth}`, script, { price: PRICE, ...(channel && { channel }) })
}

async function recordOf(requestId: string) {
  await vi.waitFor(async () => expect(await gateway.usageOf(requestId)).toBeDefined(), {
    timeout: 10_000,
  })
  return gateway.usageOf(requestId)
}

/** Reads until the caller has seen this much, and goes. */
async function leave(name: Name, model: string, seen: string) {
  const { path, body, headers } = CALLERS[name]
  const answer = await gateway.open(body(model) as never, '', { path: path(model), headers })
  const reader = answer.body?.getReader()
  let text = ''
  while (reader !== undefined && !text.includes(seen)) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`the stream ended before ${seen}: ${text}`)
    text += Buffer.from(value).toString()
  }
  await reader?.cancel()
  return recordOf(answer.headers.get('x-request-id') ?? '')
}

const never = () => new Promise(() => undefined)
const SPEECH = {
  texts: ['one two three four ', 'last seen words ', 'never heard'],
  usage: { input: 100, output: 30 },
}

describe('a client that is gone in the middle of a stream', () => {
  it.each([
    [
      'openai',
      streams({ events: 50, beforeEvent: (at) => (at === 8 ? never() : undefined) }),
      'word6',
    ],
    [
      'anthropic',
      messages({ ...SPEECH, beforeEvent: (at) => (at === 5 ? never() : undefined) }),
      'last seen',
    ],
    [
      'gemini',
      candidates({ ...SPEECH, beforeEvent: (at) => (at === 2 ? never() : undefined) }),
      'last seen',
    ],
    [
      'responses',
      responses({ ...SPEECH, beforeEvent: (at) => (at === 6 ? never() : undefined) }),
      'last seen',
    ],
  ] as const)('pays what was produced (%s)', async (name, script, seen) => {
    const record = await leave(name, await offered(name, script), seen)
    expect(record).toMatchObject({ status: 499, error_code: '' })
    const prompt = record?.prompt_tokens
    const completion = record?.completion_tokens
    // Two of three pieces, by Gemini's own figures; seven or so words where nobody tells.
    expect(completion).toBeGreaterThanOrEqual(6)
    expect(completion).toBeLessThanOrEqual(20)
    if (name === 'anthropic' || name === 'gemini') expect(prompt).toBe(100)
    expect(prompt).toBeGreaterThan(0)
    expect(record?.quota).toBe(Number(prompt) + 4 * Number(completion))
  })
})

describe('a caller of another dialect than the provider', () => {
  it('pays what was produced when it is gone, by the figures of the provider', async () => {
    const stops = messages({ ...SPEECH, beforeEvent: (at) => (at === 5 ? never() : undefined) })
    const record = await leave('openai', await offered('anthropic', stops), 'last seen')
    const completion = Number(record?.completion_tokens)
    expect(completion).toBeGreaterThanOrEqual(6)
    expect(record).toMatchObject({ status: 499, prompt_tokens: 100, quota: 100 + 4 * completion })
  })

  it("pays the provider's tier of service, and for what was drawn", async () => {
    const model = await offered('gemini', (_call, response) =>
      sendJson(response, 200, {
        candidates: [{ content: { parts: [{ text: 'Here.' }] }, finishReason: 'STOP' }],
        usageMetadata: {
          ...{ promptTokenCount: 100, candidatesTokenCount: 50, totalTokenCount: 150 },
          ...{
            serviceTier: 'flex',
            candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 40 }],
          },
        },
      }),
    )
    const answered = await gateway.call({ model, messages: messagesOf }, key)
    expect(answered.json.usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 50 })
    expect(await recordOf(answered.requestId)).toMatchObject({
      quota: 50 + 20 + 40 * 30,
      details: { service: 'flex', output_image_tokens: 40 },
    })
  })
})

describe("a provider's tier of service", () => {
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
  const choices = [
    { index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' },
  ]

  it.each([
    ['flex', 50 + 20],
    ['priority', 200 + 80],
    ['default', 100 + 40],
  ])('is charged as it was given: %s', async (service_tier, cost) => {
    const model = await offered('openai', (_call, response) =>
      sendJson(response, 200, { object: 'chat.completion', choices, usage, service_tier }),
    )
    const body = { model, messages: messagesOf, service_tier: 'auto', max_tokens: 10 }
    const answered = await gateway.call(body, key)
    const details = service_tier === 'default' ? {} : { service: service_tier }
    const record = await recordOf(answered.requestId)
    expect(record).toMatchObject({ quota: cost, shortfall: 0, details })
  })

  it('that is dearer is reserved for, where the caller asks for it', async () => {
    const model = await offered('openai', (_call, response) =>
      sendJson(response, 200, { object: 'chat.completion', choices, usage }),
    )
    // 100 output tokens cost 400 units, or 800.
    const poor = await gateway.createKey({ remain_quota: 800 })
    const ask = (more: object) =>
      gateway.call({ model, messages: messagesOf, max_tokens: 100, ...more } as never, poor.key)
    const lowered = await ask({ service_tier: 'priority' })
    expect(Number(lowered.headers.get('x-turnpike-output-limit'))).toBeLessThan(100)
    expect((await ask({ service_tier: 'flex' })).headers.get('x-turnpike-output-limit')).toBeNull()
    const twice = await gateway.call(
      Buffer.from(`{"model":"${model}","service_tier":"flex","service_tier":"priority"}`) as never,
      key,
    )
    expect(twice.status).toBe(400)
  })
})

describe("searches with the provider's tool", () => {
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 }
  const search = { type: 'web_search_call', status: 'completed', action: { type: 'search' } }

  it('are charged and told, each, with what was written', async () => {
    const model = await offered('responses', (_call, response) =>
      sendJson(response, 200, { object: 'response', output: [search, search], usage }),
    )
    const body = { model, input: 'Hi', tools: [{ type: 'web_search' }], max_output_tokens: 16 }
    const answered = await gateway.call(body as never, key, { path: '/v1/responses' })
    expect(answered.status, answered.text).toBe(200)
    expect(await recordOf(answered.requestId)).toMatchObject({
      ...{ quota: 100 + 40 + 10_000, shortfall: 0, details: { searches: 2 } },
    })
  })

  it('are reserved for, ten where the caller names no number', async () => {
    const model = await offered('anthropic', messages({ usage: { input: 10, output: 5 } }))
    const poor = await gateway.createKey({ remain_quota: 40_000 })
    const ask = (more: object) => {
      const tools = [{ type: 'web_search_20250305', name: 'web_search', ...more }]
      const body = { model, max_tokens: 10, messages: messagesOf, tools }
      const headers = { ...CALLERS.anthropic.headers, 'x-api-key': poor.key }
      return gateway.call(body as never, '', { path: '/v1/messages', headers })
    }
    expect((await ask({})).headers.get('x-error-code')).toBe('quota_exhausted')
    expect((await ask({ max_uses: 5 })).status).toBe(200)
  })
})

it('drawn pictures have a rate of their own, which is reserved for unasked', async () => {
  const model = await offered('gemini', (_call, response) =>
    sendJson(response, 200, {
      candidates: [{ content: { parts: [{ text: 'Here.' }] }, finishReason: 'STOP' }],
      usageMetadata: {
        ...{ promptTokenCount: 10, candidatesTokenCount: 1_300, totalTokenCount: 1_310 },
        candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1_290 }],
      },
    }),
  )
  const { body, headers } = CALLERS.gemini
  const path = `/v1beta/models/${model}:generateContent`
  const answered = await gateway.call(body() as never, '', { path, headers })
  expect(await recordOf(answered.requestId)).toMatchObject({
    ...{ quota: 10 + 40 + 1_290 * 30, shortfall: 0, details: { output_image_tokens: 1_290 } },
  })
})
