import { describe, expect, it } from 'vitest'
import { asking, type Fields } from '../tools/calls.ts'
import { responses, type Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { answers, sendJson, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const SECRET = gateway.secret('azure-key-0123456789abcdef')
const { url } = gateway.upstream
const DATED = `${url}/openai/deployments?api-version=2024-10-21`
const SPEECH: Speech = { usage: { input: 100, output: 20 } }
const last = () => gateway.upstream.calls.at(-1)

const offer = (model: string, channel: Fields, script = answers()) =>
  gateway.offer(model, script, { channel: { type: 'azure', keys: [SECRET], ...channel } })

async function refusal(fields: Fields) {
  const { json } = await gateway.api('POST', '/api/channel/', {
    ...{ name: 'a', type: 'azure', keys: [SECRET], models: ['m'], base_url: url },
    ...fields,
  })
  expect(json.success).toBe(false)
  return json.message
}

describe('a channel of type azure', () => {
  it('calls the v1 API with the key in api-key, plain and streaming', async () => {
    await offer('azure-v1', { base_url: url })
    const plain = await gateway.call(asking('azure-v1'), key)
    expect([plain.status, last()?.path]).toEqual([200, '/openai/v1/chat/completions'])
    expect(last()?.headers['api-key']).toBe(SECRET)
    expect(last()?.headers.authorization).toBeUndefined()
    // What it found of the question comes first, without a choice.
    const found = `data: ${JSON.stringify({ choices: [], prompt_filter_results: [] })}\n\n`
    gateway.upstream.on('azure-v1', streams({ events: 2, preamble: [found] }))
    const streamed = await gateway.call(asking('azure-v1', { stream: true }), key)
    expect(streamed.text).toContain('word1')
    expect(streamed.text).toContain('[DONE]')
    expect(last()?.headers['api-key']).toBe(SECRET)
  })

  it('calls a deployment of the dated API, named by the mapped model', async () => {
    const model_mapping = { 'azure-dated': 'our gpt/4o' }
    gateway.upstream.on('our gpt/4o', answers())
    await offer('azure-dated', { base_url: DATED, model_mapping })
    const path = '/v1/chat/completions?api-version=1999-01-01&x=1'
    const { status } = await gateway.call(asking('azure-dated'), key, { path })
    expect(status).toBe(200)
    expect(last()?.path).toBe(
      '/openai/deployments/our%20gpt%2F4o/chat/completions?api-version=2024-10-21&x=1',
    )
    expect(last()?.headers['api-key']).toBe(SECRET)
  })

  it('has what else OpenAI has, below its version or its deployment', async () => {
    const embedded: Script = (_call, response) =>
      sendJson(response, 200, {
        ...{ object: 'list', data: [{ object: 'embedding', index: 0, embedding: [1] }] },
        usage: { prompt_tokens: 3, total_tokens: 3 },
      })
    await offer('azure-embeds', { base_url: url }, embedded)
    await offer('azure-embeds-dated', { base_url: DATED }, embedded)
    const path = '/v1/embeddings?api-version=1999-01-01'
    for (const [model, sent] of [
      ['azure-embeds', '/openai/v1/embeddings'],
      [
        'azure-embeds-dated',
        '/openai/deployments/azure-embeds-dated/embeddings?api-version=2024-10-21',
      ],
    ] as const) {
      const { status } = await gateway.call({ model, input: 'Hi' } as never, key, { path })
      expect([status, last()?.path]).toEqual([200, sent])
      expect(last()?.headers['api-key']).toBe(SECRET)
    }
  })

  it('has Responses at its v1 API; who asks a dated version gets them by chat completions', async () => {
    await offer('azure-responds', { base_url: url }, responses(SPEECH))
    await offer('azure-chats', { base_url: DATED })
    const path = '/v1/responses'
    for (const [model, sent] of [
      ['azure-responds', '/openai/v1/responses'],
      ['azure-chats', '/openai/deployments/azure-chats/chat/completions?api-version=2024-10-21'],
    ] as const) {
      const asked = { model, input: 'Hi', store: false }
      const answered = await gateway.call(asked as never, key, { path })
      expect([answered.status, answered.json.object]).toEqual([200, 'response'])
      expect(last()?.path).toBe(sent)
    }
  })

  it('asks for what its v1 API keeps there, without a version of the caller', async () => {
    await offer('azure-keeps', { base_url: url }, responses(SPEECH))
    const asked = { model: 'azure-keeps', input: 'Hi', store: true }
    const path = '/v1/responses'
    const { json } = await gateway.call(asked as never, key, { path })
    const kept = `/v1/responses/${json.id}?api-version=1999-01-01&include=x`
    await gateway.call('', key, { path: kept, method: 'GET' })
    expect([last()?.method, last()?.path]).toEqual([
      'GET',
      `/openai/v1/responses/${json.id}?include=x`,
    ])
    expect(last()?.headers['api-key']).toBe(SECRET)
  })

  it("keeps a caller's own credentials and what a provider says of the key to itself", async () => {
    await offer('azure-wrong', { base_url: url }, (call, response) =>
      sendJson(response, 401, { error: { message: `wrong key ${call.headers['api-key']}` } }),
    )
    const headers = { 'ocp-apim-subscription-key': 'mine' }
    const answer = await gateway.call(asking('azure-wrong'), key, { headers })
    expect([answer.status, answer.json.error.code]).toEqual([502, 'channel_refused'])
    expect(last()?.headers['ocp-apim-subscription-key']).toBeUndefined()
    expect(gateway.logs.join('')).toContain('wrong key [key]')
  })

  it('is tested with one small request', async () => {
    const made = await gateway.createChannel({
      ...{ type: 'azure', keys: [SECRET], models: ['azure-test'], base_url: DATED },
    })
    expect(made.keys).toEqual(['azur**********cdef'])
    const { json } = await gateway.api('POST', `/api/channel/${made.id}/test`, {})
    expect(json.data).toMatchObject({ ok: true, status: 200 })
    expect(last()?.path).toBe(
      '/openai/deployments/azure-test/chat/completions?api-version=2024-10-21',
    )
    expect(last()?.headers['api-key']).toBe(SECRET)
  })

  it('says what its base URL, models and keys have to be', async () => {
    const pasted = `${url}/openai/deployments/gpt-4o/chat/completions?api-version=2025-01-01-preview`
    expect(await refusal({ base_url: pasted })).toContain(
      `send ${url}/openai/deployments?api-version=2025-01-01-preview`,
    )
    for (const path of [
      '/openai',
      '/v1',
      '/openai/deployments',
      '/openai/deployments?api-version=x',
    ])
      expect(await refusal({ base_url: url + path })).toMatch(/base_url must be .*openai\/v1/)
    expect(await refusal({ base_url: `${url}?api-version=2024-10-21` })).toMatch(/query/)
    expect(await refusal({ models: [] })).toMatch(/models is required for the type azure/)
    expect(await refusal({ keys: [] })).toMatch(/keys is required for the type azure/)
    expect(await refusal({ base_url: undefined })).toMatch(/base_url is required/)
    expect(await refusal({ base_url: 'http://169.254.169.254/openai/v1' })).toMatch(/not allowed/)
  })

  it('needs its keys again to become another type', async () => {
    const made = await gateway.createChannel({
      ...{ type: 'azure', keys: [SECRET], models: ['m'], base_url: url },
    })
    const change = { type: 'openai-compatible' }
    const { json } = await gateway.api('PUT', `/api/channel/${made.id}`, change)
    expect([json.success, json.message]).toEqual([false, expect.stringContaining('another type')])
  })
})
