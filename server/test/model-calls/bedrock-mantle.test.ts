import Anthropic from '@anthropic-ai/sdk'
import { afterAll, describe, expect, it } from 'vitest'
import { asking, type Fields } from '../tools/calls.ts'
import { signedFor } from '../tools/cloud-checks.ts'
import { messages, type Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { type Script, startUpstream, type UpstreamCall } from '../tools/upstream.ts'
import { answers, sendJson, streams } from '../tools/upstream-scripts.ts'

/* Its host alone says that an endpoint is this one, so the scripted provider stands where a proxy would: it gets whole URLs. */

const mantle = await startUpstream()
afterAll(() => mantle.close())
const gateway = await sharedGateway({
  config: { outwardProxies: { http: mantle.url, https: '', except: '127.0.0.1' } },
})
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const HOST = 'bedrock-mantle.eu-west-1.api.aws'
const ID = 'AKIAIOSFODNN7EXAMPLE'
const SECRET = gateway.secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
const API_KEY = gateway.secret('ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl')
const SPEECH: Speech = { usage: { input: 100, output: 20, cached: 30 } }

/** A call as the endpoint itself gets it. */
function reached(call: UpstreamCall): UpstreamCall & { readonly host: string } {
  const { host, pathname, search } = new URL(call.path)
  return { ...call, host, path: pathname + search }
}
const last = () => reached(mantle.calls.at(-1) as UpstreamCall)

/** Answers like the endpoint: to those who signed for it with the secret, and to nobody else. */
const ifSigned =
  (then: Script): Script =>
  (call, response) => {
    const { region, service } = signedFor(reached(call), SECRET) ?? {}
    return region === 'eu-west-1' && service === 'bedrock-mantle'
      ? then(call, response)
      : sendJson(response, 403, { message: 'no match' })
  }

async function offer(model: string, script: Script, channel: Fields = {}) {
  mantle.on(model, script)
  const base = { type: 'bedrock', base_url: `http://${HOST}`, keys: [`${ID}:${SECRET}`] }
  await gateway.offer(model, undefined, { channel: { ...base, ...channel } })
}

describe("Bedrock's endpoint of other APIs", () => {
  it('has chat completions below /v1, signed for itself, plain and streaming', async () => {
    await offer('mantle-chat', ifSigned(answers()))
    const path = '/v1/chat/completions?a=two+words'
    const plain = await gateway.call(asking('mantle-chat'), key, { path })
    expect(plain.status, plain.text).toBe(200)
    expect([last().host, last().path]).toEqual([HOST, '/v1/chat/completions?a=two%20words'])
    expect(last().json).toEqual(asking('mantle-chat'))
    mantle.on('mantle-chat', ifSigned(streams({ events: 2 })))
    const streamed = await gateway.call(asking('mantle-chat', { stream: true }), key)
    expect([streamed.status, streamed.text.includes('[DONE]')]).toEqual([200, true])
    expect(await gateway.usageOf(streamed.requestId)).toMatchObject({ is_stream: true })
  })

  it('takes an API key as a bearer, and a path of its own', async () => {
    const base_url = `http://${HOST}/openai/v1`
    await offer('mantle-key', answers(), { keys: [API_KEY], base_url })
    expect((await gateway.call(asking('mantle-key'), key)).status).toBe(200)
    expect(last().path).toBe('/openai/v1/chat/completions')
    expect(last().headers.authorization).toBe(`Bearer ${API_KEY}`)
  })

  it('refuses a signature by another secret, for which no caller is to blame', async () => {
    const wrong = gateway.secret('wrong-secret-access-key-0123456789abcdef')
    await offer('mantle-wrong', ifSigned(answers()), { keys: [`${ID}:${wrong}`] })
    const { status, json } = await gateway.call(asking('mantle-wrong'), key)
    expect([status, json.error.code]).toEqual([502, 'channel_refused'])
  })

  it('names its models, also to a signature', async () => {
    mantle.on(
      'undefined',
      ifSigned((_call, response) => sendJson(response, 200, { data: [{ id: 'mantle-found' }] })),
    )
    const base = { type: 'bedrock', base_url: `http://${HOST}`, keys: [`${ID}:${SECRET}`] }
    await gateway.manage('PUT', '/api/price/mantle-found', { input: '2', output: '8' })
    await gateway.createChannel({ ...base, models: [] })
    await expect.poll(() => [last().method, last().path]).toEqual(['GET', '/v1/models'])
    mantle.on('mantle-found', ifSigned(answers()))
    await expect
      .poll(async () => (await gateway.call(asking('mantle-found'), key)).status)
      .toBe(200)
  })
})

describe('Claude there', () => {
  const claude = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 })
  const asked = (model: string) => ({
    ...{ model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] },
  })

  it("has Anthropic's own API, byte for byte, whoever it is signed by", async () => {
    await offer('mantle-claude', ifSigned(messages(SPEECH)), { dialects: ['anthropic'] })
    const body =
      '{ "model":"mantle-claude", "max_tokens":100,"messages":[{"role":"user","content":"1e2"}] }'
    const answered = await gateway.call(body as never, key, {
      path: '/v1/messages?beta=true',
      headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'anything-2030-01-01' },
    })
    expect(answered.status, answered.text).toBe(200)
    expect(last().path).toBe('/anthropic/v1/messages')
    expect(last().body.toString()).toBe(body)
    expect(last().headers).toMatchObject({
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'anything-2030-01-01',
    })
    expect(last().headers['x-api-key']).toBeUndefined()
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({ prompt_tokens: 100 })
  })

  it('takes an API key as Anthropic does, and streams its events as they are', async () => {
    const channel = { dialects: ['anthropic'], keys: [API_KEY] }
    await offer('mantle-stream', messages(SPEECH), channel)
    const message = await claude.messages.stream(asked('mantle-stream')).finalMessage()
    expect(message.content).toMatchObject([{ text: 'Hello there.' }])
    expect(message.usage.output_tokens).toBe(20)
    expect(last().path).toBe('/anthropic/v1/messages')
    expect(last().headers['x-api-key']).toBe(API_KEY)
    expect(last().headers.authorization).toBeUndefined()
    expect(last().json).toMatchObject({ model: 'mantle-stream', stream: true })
  })

  it('answers callers of other dialects, and counts tokens without asking', async () => {
    await offer('mantle-other', ifSigned(messages(SPEECH)), { dialects: ['anthropic'] })
    const chat = await gateway.call(asking('mantle-other'), key)
    expect(chat.json.choices[0].message.content).toBe('Hello there.')
    const calls = mantle.calls.length
    const counted = await claude.messages.countTokens({
      ...{ model: 'mantle-other', messages: [{ role: 'user', content: 'Hi' }] },
    })
    expect(counted.input_tokens).toBeGreaterThan(0)
    expect(mantle.calls.length).toBe(calls)
  })
})
