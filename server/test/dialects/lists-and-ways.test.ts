import { describe, expect, it } from 'vitest'
import { candidates, messages } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, sendJson } from '../tools/upstream-scripts.ts'
import { CALLERS, PROVIDERS } from './speakers.ts'

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })

describe('a list of models', () => {
  const listed = async (path: string, headers: Record<string, string>) => {
    const answered = await fetch(url + path, { headers })
    // biome-ignore lint/suspicious/noExplicitAny: lists of several shapes
    const json: any = await answered.json()
    return { status: answered.status, json }
  }

  it("comes in the words of whoever asks, by its header, its path or Gemini's query", async () => {
    await gateway.offer('listed')
    const bearer = { authorization: `Bearer ${key}` }
    const anthropic = { type: 'model', id: 'listed', display_name: 'listed' }
    const gemini = { name: 'models/listed', displayName: 'listed' }
    for (const [path, headers, member, shape] of [
      ['/v1/models', bearer, 'data', { id: 'listed', object: 'model' }],
      ['/v1/models', { 'x-api-key': key, 'anthropic-version': '2023-06-01' }, 'data', anthropic],
      ['/v1/models', { 'x-goog-api-key': key }, 'models', gemini],
      [`/v1/models?key=${key}`, {}, 'models', gemini],
      ['/v1beta/models', bearer, 'models', gemini],
    ] as const) {
      const { status, json } = await listed(path, headers)
      expect([status, json[member]], path).toEqual([
        200,
        expect.arrayContaining([expect.objectContaining(shape)]),
      ])
      if (member === 'data' && 'anthropic-version' in headers) expect(json.has_more).toBe(false)
    }
  })

  it('has single models in the same words, and says so where there is none', async () => {
    const headers = { 'x-goog-api-key': key }
    expect((await listed('/v1beta/models/listed', headers)).json.name).toBe('models/listed')
    const { status, json } = await listed('/v1beta/models/nobody', headers)
    expect([status, json.error.status]).toEqual([404, 'NOT_FOUND'])
  })

  it('takes a key from the query on the paths of Gemini alone', async () => {
    const { path, body } = CALLERS.anthropic.call({ model: 'listed', stream: false, tools: false })
    const refused = await fetch(`${url}${path}?key=${key}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    expect(refused.headers.get('x-error-code')).toBe('key_missing')
    const gemini = CALLERS.gemini.call({ model: 'listed', stream: false, tools: false })
    const served = await fetch(`${url}${gemini.path}?key=${key}`, {
      method: 'POST',
      body: JSON.stringify(gemini.body),
    })
    expect(served.status).toBe(200)
    expect(upstream.calls.at(-1)?.path).not.toContain(key)
  })
})

describe('a stream of Gemini', () => {
  it('without alt=sse is one JSON list, whoever serves it', async () => {
    await gateway.offer('as-list', candidates({ texts: ['a', 'b'] }), {
      channel: PROVIDERS.gemini.channel(upstream.url),
    })
    await gateway.offer('translated-list', messages({ texts: ['a', 'b'] }), {
      channel: PROVIDERS.anthropic.channel(upstream.url),
    })
    for (const model of ['as-list', 'translated-list']) {
      const { body } = CALLERS.gemini.call({ model, stream: true, tools: false })
      const answered = await gateway.call(body as never, key, {
        path: `/v1beta/models/${model}:streamGenerateContent`,
      })
      expect(answered.headers.get('content-type')).toBe('application/json')
      const texts = answered.json.flatMap(
        (event: { candidates: { content?: { parts?: { text: string }[] } }[] }) =>
          event.candidates.flatMap(({ content }) => (content?.parts ?? []).map(({ text }) => text)),
      )
      expect(texts.join('')).toBe('ab')
    }
  })
})

describe('a call that one channel can not be told', () => {
  it('goes to the one that can, as its first attempt', async () => {
    await gateway.offer('biased', answers({ text: 'Told.' }), { channel: { priority: 0 } })
    await gateway.createChannel({
      ...{ ...PROVIDERS.anthropic.channel(upstream.url), models: ['biased'], priority: 9 },
    })
    const body = {
      ...{ model: 'biased', max_tokens: 10, logit_bias: { 1: 2 } },
      messages: [{ role: 'user', content: 'Hi' }],
    }
    const answered = await gateway.call(body, key)
    expect([answered.status, answered.headers.get('x-turnpike-attempts')]).toEqual([200, null])
    expect(upstream.calls.at(-1)?.path).toBe('/v1/chat/completions')
  })

  it('is refused by the name of what can not be said where nobody can, and costs nothing', async () => {
    await gateway.offer('only-claude', messages(), {
      channel: PROVIDERS.anthropic.channel(upstream.url),
    })
    const asked = upstream.calls.length
    const body = {
      ...{ model: 'only-claude', max_tokens: 10, logit_bias: { 1: 2 } },
      messages: [{ role: 'user', content: 'Hi' }],
    }
    const answered = await gateway.call(body, key)
    expect([answered.status, answered.headers.get('x-error-code')]).toEqual([
      400,
      'unsupported_parameter',
    ])
    expect(answered.text).toContain('logit_bias')
    expect(upstream.calls).toHaveLength(asked)
  })
})

describe('a translated call', () => {
  it("sends no header of the caller's dialect, and what the provider's demands", async () => {
    await gateway.offer('headed', messages(), {
      channel: PROVIDERS.anthropic.channel(upstream.url),
    })
    const { path, body } = CALLERS.openai.call({ model: 'headed', stream: false, tools: false })
    await gateway.call(body as never, key, {
      path,
      headers: { 'openai-beta': 'x', 'x-stainless-lang': 'js', 'x-own': 'kept' },
    })
    const sent = upstream.calls.at(-1)?.headers
    expect(sent).toMatchObject({ 'anthropic-version': '2023-06-01', 'x-own': 'kept' })
    expect(sent).not.toHaveProperty('openai-beta')
    expect(sent).not.toHaveProperty('x-stainless-lang')
    expect(sent).not.toHaveProperty('authorization')
  })

  it('fails over to a provider of another dialect, and is charged once', async () => {
    upstream.on('mixed', (call, response) =>
      call.path.includes('generateContent')
        ? sendJson(response, 503, PROVIDERS.gemini.refusal('busy'))
        : messages({ usage: { input: 10, output: 5 } })(call, response),
    )
    await gateway.manage('PUT', '/api/price/mixed', { input: '2', output: '8' })
    for (const [priority, provider] of [
      [1, 'gemini'],
      [0, 'anthropic'],
    ] as const) {
      const channel = PROVIDERS[provider].channel(upstream.url)
      await gateway.createChannel({ ...channel, models: ['mixed'], priority })
    }
    const { path, body } = CALLERS.openai.call({ model: 'mixed', stream: true, tools: false })
    const answered = await gateway.call(body as never, key, { path })
    expect(CALLERS.openai.hear(answered.text, true).text).toBe('Hello there.')
    expect(answered.headers.get('x-turnpike-attempts')).toBe('2')
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({ quota: 30, attempts: 2 })
  })
})
