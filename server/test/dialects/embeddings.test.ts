import { GoogleGenAI } from '@google/genai'
import { GoogleGenAI as PreviousGoogleGenAI } from 'genai-previous'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script, UpstreamCall } from '../tools/upstream.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
const last = () => upstream.calls.at(-1) as UpstreamCall
const GEMINI = { type: 'gemini', base_url: upstream.url }
const VECTORS = [
  [0.25, -0.5],
  [1, 0.125],
]

/** What is asked of Google, one embedding a request; `tokens: 0`: it tells none. */
const google =
  (tokens = 7): Script =>
  (call, response) => {
    const usage = tokens > 0 && { usageMetadata: { promptTokenCount: tokens } }
    if (call.path.endsWith(':embedContent')) {
      return sendJson(response, 200, { embedding: { values: VECTORS[0] }, ...usage })
    }
    const { requests } = call.json as { requests: readonly object[] }
    const embeddings = requests.map((_, at) => ({ values: VECTORS[at] }))
    sendJson(response, 200, { embeddings, ...usage })
  }

const openai: Script = (call, response) => {
  const { input, model } = call.json as { input: string | readonly string[]; model: string }
  const data = [input].flat().map((_, index) => ({
    ...{ object: 'embedding', index, embedding: VECTORS[index] },
  }))
  // The order of a list is not promised.
  data.reverse()
  const usage = { prompt_tokens: 9, total_tokens: 9 }
  sendJson(response, 200, { object: 'list', data, model, usage })
}

const ask = (model: string, method: string, body: object, by = key) =>
  gateway.call(body as never, '', {
    path: `/v1beta/models/${model}:${method}`,
    headers: { authorization: '', 'x-goog-api-key': by },
  })
const content = (text: string) => ({ parts: [{ text }] })

for (const [version, Sdk] of [
  ['current', GoogleGenAI],
  ['previous', PreviousGoogleGenAI],
] as const) {
  const genai = new Sdk({ apiKey: key, httpOptions: { baseUrl: url } })
  const config = { taskType: 'RETRIEVAL_QUERY', outputDimensionality: 2 }

  describe(`the ${version} SDK of Google`, () => {
    it('gets embeddings of Gemini, charged by their input', async () => {
      const model = await gateway.offer(`embed-${version}`, google(), { channel: GEMINI })
      const given = await genai.models.embedContent({ model, contents: ['one', 'two'], config })
      expect(given.embeddings?.map(({ values }) => values)).toEqual(VECTORS)
      expect(last().path).toBe(`/v1beta/models/${model}:batchEmbedContents`)
      const { requests } = last().json as { requests: readonly object[] }
      expect(requests[1]).toMatchObject({ model: `models/${model}`, ...config })
      const id = given.sdkHttpResponse?.headers?.['x-request-id'] ?? ''
      expect(await gateway.usageOf(id)).toMatchObject({ quota: 7, prompt_tokens: 7 })
    })

    it('gets those of OpenAI by translation', async () => {
      const model = await gateway.offer(`ada-${version}`, openai)
      const given = await genai.models.embedContent({ model, contents: ['one', 'two'], config })
      expect(given.embeddings?.map(({ values }) => values)).toEqual(VECTORS)
      expect(last().path).toBe('/v1/embeddings')
      expect(last().json).toEqual({
        ...{ model, input: ['one', 'two'], encoding_format: 'float', dimensions: 2 },
      })
      const id = given.sdkHttpResponse?.headers?.['x-request-id'] ?? ''
      expect(await gateway.usageOf(id)).toMatchObject({ quota: 9, completion_tokens: 0 })
    })
  })
}

describe('embeddings of Gemini', () => {
  it('go out byte for byte, one by one as well', async () => {
    const model = await gateway.offer('embed-one', google(), { channel: GEMINI })
    const body = { content: content('one'), taskType: 'CLUSTERING' }
    const answered = await ask(model, 'embedContent', body)
    expect(answered.json).toMatchObject({ embedding: { values: VECTORS[0] } })
    expect(last().body.toString()).toBe(JSON.stringify(body))
    expect(answered.headers.get('x-turnpike-cost')).toBe('7')
  })

  it('name a mapped model wherever it stands', async () => {
    upstream.on('their-embed', google())
    const channel = { ...GEMINI, model_mapping: { 'our-embed': 'their-embed' } }
    await gateway.offer('our-embed', google(), { channel })
    const one = { model: 'models/our-embed', content: content('one') }
    await ask('our-embed', 'embedContent', one)
    expect(last().path).toBe('/v1beta/models/their-embed:embedContent')
    expect(last().json).toEqual({ ...one, model: 'models/their-embed' })
    await ask('our-embed', 'batchEmbedContents', { requests: [one, { content: content('two') }] })
    expect(last().json).toEqual({
      requests: [{ ...one, model: 'models/their-embed' }, { content: content('two') }],
    })
  })

  it('of another model than the path says are refused', async () => {
    const model = await gateway.offer('embed-cheap', google(), { channel: GEMINI })
    const before = upstream.calls.length
    const dear = { model: 'models/embed-dear', content: content('one') }
    for (const [method, body] of [
      ['embedContent', dear],
      ['batchEmbedContents', { requests: [{ content: content('a') }, dear] }],
    ] as const) {
      const answered = await ask(model, method, body)
      expect(answered.status).toBe(400)
      expect(answered.json.error).toMatchObject({ status: 'INVALID_ARGUMENT' })
    }
    expect(upstream.calls.length).toBe(before)
  })

  it('that nobody reports are counted by their texts alone, however long the answer is', async () => {
    const values = Array.from({ length: 40_000 }, (_, at) => at / 7)
    const model = await gateway.offer(
      'embed-mute',
      (_call, response) => sendJson(response, 200, { embeddings: [{ values }] }),
      { channel: GEMINI },
    )
    const text = 'one two three four five six'
    const requests = [{ model: `models/${model}`, content: content(text), taskType: 'CLUSTERING' }]
    const answered = await ask(model, 'batchEmbedContents', { requests })
    expect(answered.status, answered.text.slice(0, 200)).toBe(200)
    const record = await gateway.usageOf(answered.requestId)
    expect(record).toMatchObject({ estimated: true, completion_tokens: 0 })
    expect(record?.prompt_tokens).toBeGreaterThanOrEqual(6)
    expect(record?.prompt_tokens).toBeLessThan(16)
    const poor = await gateway.createKey({ remain_quota: 3 })
    const refused = await ask(model, 'batchEmbedContents', { requests }, poor.key)
    expect(refused.headers.get('x-error-code')).toBe('quota_exhausted')
  })
})

describe("embeddings for OpenAI's callers", () => {
  it('come from Gemini, as numbers and as the bytes that its SDK asks for', async () => {
    const model = await gateway.offer('for-openai', google(), { channel: GEMINI })
    const asked = { model, input: ['one', 'two'], dimensions: 2 }
    const { data, response } = await client.embeddings.create(asked).withResponse()
    expect(data.data.map(({ embedding }) => embedding)).toEqual(VECTORS)
    expect(data).toMatchObject({ model, usage: { prompt_tokens: 7, total_tokens: 7 } })
    expect(last().path).toBe(`/v1beta/models/${model}:batchEmbedContents`)
    expect(last().json).toEqual({
      requests: ['one', 'two'].map((text) => ({
        ...{ model: `models/${model}`, content: content(text), outputDimensionality: 2 },
      })),
    })
    const record = await gateway.usageOf(response.headers.get('x-request-id') ?? '')
    expect(record).toMatchObject({ quota: 7, prompt_tokens: 7, estimated: false })
    const floats = await client.embeddings.create({ ...asked, encoding_format: 'float' })
    expect(floats.data[0]?.embedding).toEqual(VECTORS[0])
  })

  it('are translated when they are long, too', async () => {
    const values = Array.from({ length: 40_000 }, (_, at) => at / 8)
    const script: Script = (_call, response) =>
      sendJson(response, 200, { embeddings: [{ values }], usageMetadata: { promptTokenCount: 5 } })
    const model = await gateway.offer('long-for-openai', script, { channel: GEMINI })
    const { data } = await client.embeddings.create({ model, input: 'a', encoding_format: 'float' })
    expect(data[0]?.embedding).toEqual(values)
  })

  it('tell what they can not be made of', async () => {
    const model = await gateway.offer('texts-only', google(), { channel: GEMINI })
    const refused = await gateway.call({ model, input: [1, 2] } as never, key, {
      path: '/v1/embeddings',
    })
    expect(refused.headers.get('x-error-code')).toBe('unsupported_parameter')
    expect(refused.json.error.message).toContain('tokens')
    const short: Script = (_call, response) => sendJson(response, 200, { embeddings: [] })
    await gateway.offer('too-few', short, { channel: GEMINI })
    const few = await gateway.call({ model: 'too-few', input: 'a' } as never, key, {
      path: '/v1/embeddings',
    })
    expect(few.headers.get('x-error-code')).toBe('upstream_invalid')
  })
})

describe("embeddings of OpenAI for Gemini's callers", () => {
  it('are of joined texts with their title, in the shape that was asked for', async () => {
    const model = await gateway.offer('ada-one', openai)
    const parts = [{ text: 'one' }, { text: 'two' }]
    const answered = await ask(model, 'embedContent', {
      ...{ content: { parts }, embedContentConfig: { title: 'Numbers', outputDimensionality: 2 } },
    })
    expect(answered.json).toEqual({
      ...{ embedding: { values: VECTORS[0] }, usageMetadata: { promptTokenCount: 9 } },
    })
    expect(last().json).toMatchObject({ input: 'Numbers\n\none\ntwo', dimensions: 2 })
  })

  it('refuse what OpenAI can not be told', async () => {
    const model = await gateway.offer('ada-refuses', openai)
    const picture = { inlineData: { mimeType: 'image/png', data: 'AAAA' } }
    for (const [body, word] of [
      [{ requests: [{ content: { parts: [picture] } }] }, 'requests[0].content.parts[0]'],
      [
        {
          requests: [
            { content: content('a'), outputDimensionality: 2 },
            { content: content('b'), outputDimensionality: 3 },
          ],
        },
        'outputDimensionality',
      ],
    ] as const) {
      const refused = await ask(model, 'batchEmbedContents', body)
      expect(refused.json.error.details).toEqual([{ reason: 'unsupported_parameter' }])
      expect(refused.json.error.message).toContain(word)
    }
    expect((await ask(model, 'batchEmbedContents', { requests: [] })).status).toBe(400)
    const claude = { type: 'anthropic', base_url: upstream.url }
    await gateway.offer('no-embeddings', undefined, { channel: claude })
    const refused = await ask('no-embeddings', 'embedContent', { content: content('a') })
    expect(refused.json.error.details).toEqual([{ reason: 'unsupported_parameter' }])
  })

  it('tell its errors in words of Google', async () => {
    const error = { message: 'too many inputs', type: 'invalid_request_error', code: null }
    await gateway.offer('ada-angry', (_call, response) => sendJson(response, 400, { error }))
    const answered = await ask('ada-angry', 'embedContent', { content: content('a') })
    expect(answered.json.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' })
    expect(answered.json.error.message).toContain('too many inputs')
  })
})
