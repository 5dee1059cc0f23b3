import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { beginStream, sendJson, write } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
const usage = { prompt_tokens: 12, total_tokens: 12 }

describe('embeddings', () => {
  it('go out byte for byte, and are charged by their input alone', async () => {
    await gateway.offer('embedding', (call, response) => {
      const data = [{ object: 'embedding', index: 0, embedding: [0.25, 0.5] }]
      sendJson(response, 200, { object: 'list', data, model: call.json?.model, usage })
    })
    const { data, response } = await client.embeddings
      .create({ model: 'embedding', input: ['one two', 'three'], encoding_format: 'float' })
      .withResponse()
    expect(data.data[0]?.embedding).toEqual([0.25, 0.5])
    expect(upstream.calls.at(-1)).toMatchObject({ path: '/v1/embeddings' })
    const record = await gateway.usageOf(response.headers.get('x-request-id') ?? '')
    expect(record).toMatchObject({ quota: 12, prompt_tokens: 12, completion_tokens: 0 })
  })

  it('of more than is held back pass on while they come, and are charged by the end', async () => {
    const embedding = Array.from({ length: 40_000 }, (_, at) => at / 7)
    await gateway.offer('long-embedding', (_call, response) =>
      sendJson(response, 200, { object: 'list', data: [{ index: 0, embedding }], usage }),
    )
    const asked = { model: 'long-embedding', input: 'one', encoding_format: 'float' as const }
    const { data, response } = await client.embeddings.create(asked).withResponse()
    expect(data.data[0]?.embedding).toHaveLength(40_000)
    const record = await gateway.usageOf(response.headers.get('x-request-id') ?? '')
    expect(record).toMatchObject({ quota: 12, estimated: false })
  })

  it('that nobody reports are counted, and what can not be paid is refused', async () => {
    await gateway.offer('mute-embedding', (_call, response) =>
      sendJson(response, 200, { object: 'list', data: [] }),
    )
    const body = { model: 'mute-embedding', input: 'one two three four five six' }
    const path = '/v1/embeddings'
    const counted = await gateway.call(body, key, { path })
    const record = await gateway.usageOf(counted.requestId)
    expect(record).toMatchObject({ estimated: true, completion_tokens: 0 })
    expect(record?.prompt_tokens).toBeGreaterThanOrEqual(6)
    const poor = await gateway.createKey({ remain_quota: 3 })
    const refused = await gateway.call(body, poor.key, { path })
    expect([refused.status, refused.headers.get('x-error-code')]).toEqual([403, 'quota_exhausted'])
  })
})

describe('moderations and rankings', () => {
  it('take the standard model where none is named', async () => {
    upstream.on('undefined', (_call, response) =>
      sendJson(response, 200, { id: 'modr-1', model: 'omni', results: [{ flagged: false }] }),
    )
    await gateway.manage('PUT', '/api/price/omni-moderation-latest', { input: '0', output: '0' })
    await gateway.createChannel({ models: ['omni-moderation-latest'] })
    const { results } = await client.moderations.create({ input: 'Hello' })
    expect(results[0]?.flagged).toBe(false)
  })

  it('are charged by whatever figure the provider has', async () => {
    await gateway.offer('ranker', (_call, response) =>
      sendJson(response, 200, { results: [{ index: 0 }], usage: { total_tokens: 9 } }),
    )
    const body = { model: 'ranker', query: 'a', documents: ['b', 'c'] }
    const answered = await gateway.call(body, key, { path: '/v1/rerank' })
    expect(answered.status, answered.text).toBe(200)
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({ quota: 9 })
  })
})

describe('completions', () => {
  it('are charged plain and streaming, by figures or by what came', async () => {
    await gateway.offer('completion', async (call, response) => {
      const head = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'completion' }
      const choice = (text: string, finish_reason: string | null) => ({
        ...head,
        choices: [{ index: 0, text, finish_reason, logprobs: null }],
      })
      if (call.json?.stream !== true) {
        const figures = { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 }
        return sendJson(response, 200, { ...choice('one two', 'stop'), usage: figures })
      }
      beginStream(response)
      for (const [text, finish] of [
        ['one ', null],
        ['two', null],
        ['', 'stop'],
      ] as const) {
        await write(call, response, `data: ${JSON.stringify(choice(text, finish))}\n\n`)
      }
      return void response.end('data: [DONE]\n\n')
    })
    const plain = await client.completions
      .create({ model: 'completion', prompt: 'Say it.', max_tokens: 10 })
      .withResponse()
    expect(plain.data.choices[0]?.text).toBe('one two')
    const record = await gateway.usageOf(plain.response.headers.get('x-request-id') ?? '')
    expect(record).toMatchObject({ quota: 16 })
    const asked = { model: 'completion', prompt: 'Say it.', stream: true as const }
    const streamed = await client.completions.create(asked).withResponse()
    let text = ''
    for await (const part of streamed.data) text += part.choices[0]?.text
    expect(text).toBe('one two')
    const counted = await gateway.usageOf(streamed.response.headers.get('x-request-id') ?? '')
    expect(counted).toMatchObject({ estimated: true, completion_tokens: 2, is_stream: true })
  })
})

describe('what only OpenAI has', () => {
  it('is refused where the provider speaks another dialect', async () => {
    await gateway.offer('claude', undefined, {
      channel: { type: 'anthropic', base_url: upstream.url },
    })
    const answered = await gateway.call({ model: 'claude', input: 'a' }, key, {
      path: '/v1/embeddings',
    })
    expect([answered.status, answered.headers.get('x-error-code')]).toEqual([
      400,
      'unsupported_parameter',
    ])
    expect(answered.text).toContain('Anthropic')
  })
})
