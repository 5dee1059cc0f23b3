import { describe, expect, it, vi } from 'vitest'
import {
  candidates,
  type Figures,
  messages,
  responses,
  type Speech,
} from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const PRICE = { input: '2', output: '8', cache_read: '1', cache_write_5m: '4', cache_write_1h: '6' }

interface Spoken {
  readonly name: string
  readonly channel: { readonly type: string; readonly base_url: string }
  readonly script: (speech?: Speech) => Script
  path(model: string, stream: boolean): string
  body(model: string, stream: boolean, limit?: number): object
  /** Credentials as its SDK sends them. */
  readonly headers: Readonly<Record<string, string>>
  readonly complete: string
  /** Events up to the first piece of its text. */
  readonly breaksAfter: number
}

const DIALECTS: readonly Spoken[] = [
  {
    name: 'anthropic',
    channel: { type: 'anthropic', base_url: upstream.url },
    script: messages,
    path: () => '/v1/messages?beta=true',
    body: (model, stream, limit = 100) => ({
      ...{ model, max_tokens: limit, messages: [{ role: 'user', content: 'Hi' }] },
      ...(stream && { stream }),
    }),
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    complete: 'message_stop',
    breaksAfter: 4,
  },
  {
    name: 'gemini',
    channel: { type: 'gemini', base_url: upstream.url },
    script: candidates,
    path: (model, stream) =>
      `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (_model, _stream, limit = 100) => ({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      generationConfig: { maxOutputTokens: limit, temperature: 0.5 },
    }),
    headers: { 'x-goog-api-key': key },
    complete: '"finishReason"',
    breaksAfter: 1,
  },
  {
    name: 'responses',
    channel: { type: 'openai', base_url: `${upstream.url}/v1` },
    script: responses,
    path: () => '/v1/responses',
    body: (model, stream, limit = 100) => ({
      ...{ model, max_output_tokens: limit, input: 'Hi' },
      ...(stream && { stream }),
    }),
    headers: { authorization: `Bearer ${key}` },
    complete: 'response.completed',
    breaksAfter: 5,
  },
]

for (const spoken of DIALECTS) {
  const { name, script } = spoken
  let nth = 0
  const offer = async (how: Script) =>
    gateway.offer(`${name}-${++nth}`, how, { price: PRICE, channel: spoken.channel })
  const call = (model: string, { stream = false, limit = 100, headers = {} } = {}) =>
    gateway.call(spoken.body(model, stream, limit) as never, '', {
      path: spoken.path(model, stream),
      headers: { authorization: '', ...spoken.headers, ...headers },
    })
  const FIGURES: Figures = {
    ...{ input: 100, output: 20, cached: 30 },
    ...(name === 'anthropic' && { written5m: 10, written1h: 20 }),
  }
  // 1 unit an input token, 4 an output token, half a unit a cached one; 2 and 3 a written one.
  const COST = name === 'anthropic' ? 40 + 15 + 20 + 60 + 80 : 70 + 15 + 80

  describe(`${name} to ${name}`, () => {
    it('goes out and comes back byte for byte, and is charged by what was reported', async () => {
      const model = await offer(script({ usage: FIGURES }))
      const next = upstream.next()
      const answered = await call(model)
      const sent = await next
      expect(answered.status, answered.text).toBe(200)
      expect(sent.body.toString()).toBe(JSON.stringify(spoken.body(model, false)))
      expect(answered.text).toContain('Hello there.'.slice(0, 6))
      expect(answered.headers.get('x-turnpike-cost')).toBe(String(COST))
      const record = await gateway.usageOf(answered.requestId)
      expect(record).toMatchObject({ quota: COST, prompt_tokens: 100, completion_tokens: 20 })
      expect(record).toMatchObject({ cached_tokens: 30, estimated: false })
    })

    it('streams, up to the end that waits for the charge', async () => {
      const model = await offer(script({ usage: FIGURES }))
      const next = upstream.next()
      const answered = await call(model, { stream: true })
      const sent = await next
      expect(answered.text).toContain(spoken.complete)
      expect(answered.headers.get('content-type')).toContain('text/event-stream')
      expect(sent.body.toString()).toBe(JSON.stringify(spoken.body(model, true)))
      expect(await gateway.usageOf(answered.requestId)).toMatchObject({
        ...{ quota: COST, prompt_tokens: 100, completion_tokens: 20, is_stream: true },
      })
    })

    it('that breaks off mid-stream is charged by what came, and does not look whole', async () => {
      const texts = ['one two three four ', 'five six seven']
      const { breaksAfter } = spoken
      const model = await offer(script({ texts, breaksAfter, usage: FIGURES }))
      const answer = await gateway.open(spoken.body(model, true) as never, '', {
        path: spoken.path(model, true),
        headers: { authorization: '', ...spoken.headers },
      })
      const text = await answer.text().catch(() => '')
      expect(text).not.toContain(spoken.complete)
      const id = answer.headers.get('x-request-id') ?? ''
      await vi.waitFor(async () => expect(await gateway.usageOf(id)).toBeDefined())
      const record = await gateway.usageOf(id)
      const completion = name === 'gemini' ? 10 : 4
      const prompt = name === 'responses' ? { estimated: true } : { prompt_tokens: 100 }
      expect(record).toMatchObject({ ...prompt, error_code: 'upstream_unreachable' })
      expect(record?.completion_tokens).toBeGreaterThanOrEqual(completion)
      expect(record?.completion_tokens).toBeLessThan(20)
    })

    it('that reports no usage is counted', async () => {
      const model = await offer(script({ usage: null }))
      for (const stream of [false, true]) {
        const answered = await call(model, { stream })
        const record = await gateway.usageOf(answered.requestId)
        expect(record).toMatchObject({ estimated: true })
        expect(record?.completion_tokens).toBeGreaterThan(1)
        expect(record?.prompt_tokens).toBeGreaterThan(1)
      }
    })

    it('gets its limit lowered to what is affordable, and is told', async () => {
      const model = await offer(script({}))
      const poor = await gateway.createKey({ remain_quota: 3_000 })
      const next = upstream.next()
      const headers = Object.fromEntries(
        Object.entries(spoken.headers).map(([at, value]) => [at, value.replace(key, poor.key)]),
      )
      const answered = await call(model, { limit: 1_000, headers })
      const sent = (await next).body.toString()
      expect(answered.status, answered.text).toBe(200)
      const limit = Number(answered.headers.get('x-turnpike-output-limit'))
      expect(limit).toBeGreaterThan(500)
      expect(limit).toBeLessThan(750)
      expect(sent).toContain(String(limit))
      expect(sent).not.toContain('1000')
    })

    it('is refused in its own words', async () => {
      const answered = await call('no-such-model')
      expect(answered.status).toBe(404)
      expect(answered.headers.get('x-error-code')).toBe('model_not_found')
      const shape = {
        anthropic: {
          type: 'error',
          error: { type: 'not_found_error' },
          request_id: answered.requestId,
        },
        gemini: {
          error: { code: 404, status: 'NOT_FOUND', details: [{ reason: 'model_not_found' }] },
        },
        responses: { error: { code: 'model_not_found', type: 'comet_api_error' } },
      }[name]
      expect(answered.json).toMatchObject(shape as object)
    })

    it("passes a provider's own refusal on", async () => {
      const said = { error: { message: 'too much', code: 400 } }
      const model = await offer((_call, response) => sendJson(response, 400, said))
      const answered = await call(model)
      expect([answered.status, answered.json]).toEqual([400, said])
    })
  })
}
