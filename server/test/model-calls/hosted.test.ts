import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { describe, expect, it } from 'vitest'
import { exceptionFrame, framesOf, sendsFrames } from '../tools/aws-frames.ts'
import { asking, type Fields } from '../tools/calls.ts'
import { assertedBy, newServiceAccount, signedFor } from '../tools/cloud-checks.ts'
import { candidates, messages, type Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { type Script, startUpstream, type UpstreamCall } from '../tools/upstream.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

/* Anthropic's and Google's own APIs as other clouds host them. */

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const claude = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 })
const last = () => upstream.calls.at(-1) as UpstreamCall
const idOf = (headers: Headers) => headers.get('x-request-id') ?? ''
const asked = (model: string) => ({
  ...{ model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] },
})
const SPEECH: Speech = { usage: { input: 100, output: 20, cached: 30 } }
const TOOL: Speech = {
  tool: { id: 'toolu_1', name: 'weather', input: { city: 'Oslo' } },
  texts: [],
}

const ID = 'AKIAIOSFODNN7EXAMPLE'
const SECRET = gateway.secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
const BEDROCK: Fields = {
  ...{ type: 'bedrock', base_url: `${upstream.url}?region=eu-west-1` },
  ...{ keys: [`${ID}:${SECRET}`], dialects: ['anthropic'] },
}
/** The script's name in the path is spelt as the path has it. */
const onBedrock = async (model: string, script: Script, channel: Fields = {}) => {
  const theirs = `eu.anthropic.${model}-v1:0`
  upstream.on(theirs, script)
  const model_mapping = { [model]: theirs }
  await gateway.offer(model, script, { channel: { ...BEDROCK, model_mapping, ...channel } })
  return `/model/eu.anthropic.${model}-v1%3A0`
}

describe('Claude on Bedrock', () => {
  it('is invoked as its own SDK does it, with the rest of the body byte for byte', async () => {
    const path = await onBedrock('claude-a', messages(SPEECH))
    const body = `{ "stream" : false , "model":"claude-a", "max_tokens":100,
      "messages":[{"role":"user","content":"1e2"}], "temperature":1.0 }`
    const answered = await gateway.call(body as never, key, {
      path: '/v1/messages?beta=true',
      headers: {
        'anthropic-beta': 'claude-code-20250219, interleaved-thinking-2025-05-14',
        'anthropic-version': '2023-06-01',
      },
    })
    expect(answered.status, answered.text).toBe(200)
    expect(last().path).toBe(`${path}/invoke`)
    expect(
      last().body.toString(),
    ).toBe(`{  "anthropic_version":"bedrock-2023-05-31","anthropic_beta":["interleaved-thinking-2025-05-14"], "max_tokens":100,
      "messages":[{"role":"user","content":"1e2"}], "temperature":1.0 }`)
    expect(last().headers['anthropic-beta']).toBeUndefined()
    expect(signedFor(last(), SECRET)).toMatchObject({ region: 'eu-west-1', service: 'bedrock' })
    const record = await gateway.usageOf(answered.requestId)
    expect(record).toMatchObject({ prompt_tokens: 100, completion_tokens: 20, cached_tokens: 30 })
  })

  it('streams in frames, which come as the events of its own API', async () => {
    const path = await onBedrock('claude-b', sendsFrames(framesOf(SPEECH, 'claude-b'), 7))
    const stream = claude.messages.stream(asked('claude-b'))
    const { data, response } = await stream.withResponse()
    const message = await data.finalMessage()
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello there.' }])
    expect(message.usage.output_tokens).toBe(20)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(last().path).toBe(`${path}/invoke-with-response-stream`)
    expect(last().json).toEqual({
      anthropic_version: 'bedrock-2023-05-31',
      ...{ max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] },
    })
    const record = await gateway.usageOf(idOf(response.headers))
    expect(record).toMatchObject({ prompt_tokens: 100, completion_tokens: 20, is_stream: true })
  })

  it('gives the same whatever the pieces are in which its frames come', async () => {
    const frames = framesOf({ ...SPEECH, texts: ['é', '字'] }, 'claude-c')
    await onBedrock('claude-c', sendsFrames(frames))
    const texts = new Set<string>()
    for (const bytes of [1, 3, 11, 64, 1_000_000]) {
      upstream.on('eu.anthropic.claude-c-v1:0', sendsFrames(frames, bytes))
      const answered = await gateway.call({ ...asked('claude-c'), stream: true }, key, {
        path: '/v1/messages',
      })
      texts.add(answered.text)
    }
    expect(texts.size).toBe(1)
    expect([...texts][0]).toContain('event: message_stop')
  })

  it('answers callers of other dialects, also with tools', async () => {
    await onBedrock('claude-d', sendsFrames(framesOf(TOOL, 'claude-d')))
    const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }]
    const answered = await gateway.call(asking('claude-d', { stream: true, tools }), key)
    expect(answered.text).toContain('"name":"weather"')
    expect(answered.text).toContain('[DONE]')
    expect(last().json).toMatchObject({ anthropic_version: 'bedrock-2023-05-31' })
    expect(last().json).not.toHaveProperty('model')
    expect(last().json).not.toHaveProperty('stream')
  })

  it('that is throttled in mid-stream says so in words of Anthropic', async () => {
    const frames = framesOf(SPEECH, 'claude-e').slice(0, 4)
    const exception = exceptionFrame('throttlingException', 'Too many tokens.')
    await onBedrock('claude-e', sendsFrames([...frames, exception]))
    const answered = await gateway.call({ ...asked('claude-e'), stream: true }, key, {
      path: '/v1/messages',
    })
    expect(answered.text).toContain('"type":"rate_limit_error","message":"Too many tokens."')
    expect(answered.text).not.toContain('message_stop')
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({ prompt_tokens: 100 })
  })

  it('whose frames are broken is not taken for whole', async () => {
    const frames = framesOf(SPEECH, 'claude-f')
    const broken = Buffer.concat(frames)
    broken[(frames[0] as Buffer).length + 20] = 0xff
    await onBedrock('claude-f', sendsFrames([broken]))
    const stream = claude.messages.stream(asked('claude-f'))
    await expect(stream.finalMessage()).rejects.toThrow()
    upstream.on('eu.anthropic.claude-f-v1:0', sendsFrames([Buffer.concat(frames).subarray(0, -9)]))
    await expect(claude.messages.stream(asked('claude-f')).finalMessage()).rejects.toThrow()
    upstream.on('eu.anthropic.claude-f-v1:0', sendsFrames([Buffer.from('no frames at all')]))
    await expect(claude.messages.stream(asked('claude-f')).finalMessage()).rejects.toThrow()
  })

  it("tells the cloud's own errors in words of Anthropic", async () => {
    await onBedrock('claude-g', (_call, response) =>
      sendJson(response, 400, { message: 'The provided model identifier is invalid.' }),
    )
    const answered = await gateway.call(asked('claude-g'), key, { path: '/v1/messages' })
    expect(answered.status).toBe(400)
    expect(answered.json).toMatchObject({
      ...{ type: 'error', error: { type: 'invalid_request_error' } },
    })
    expect(answered.json.error.message).toContain('identifier is invalid')
    const chat = await gateway.call(asking('claude-g'), key)
    expect(chat.json.error.message).toContain('identifier is invalid')
  })

  it('takes the betas that the operator says, and bodies that are written for it', async () => {
    const headers = { 'anthropic-beta': 'new-2030-01-01,other-2030-01-01' }
    await onBedrock('claude-h', messages(SPEECH), { headers })
    const body = { ...asked('claude-h'), anthropic_version: 'bedrock-2023-05-31' }
    await gateway.call(body, key, { path: '/v1/messages' })
    expect(last().json).toEqual({
      ...{ max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] },
      ...{ anthropic_version: 'bedrock-2023-05-31' },
      anthropic_beta: ['new-2030-01-01', 'other-2030-01-01'],
    })
  })

  it('is tested with one small request', async () => {
    upstream.on('claude-tested', messages())
    const made = await gateway.createChannel({ ...BEDROCK, models: ['claude-tested'] })
    const { json } = await gateway.api('POST', `/api/channel/${made.id}/test`, {})
    expect(json.data).toMatchObject({ ok: true, status: 200 })
    expect(last().path).toBe('/model/claude-tested/invoke')
    expect(last().json).toMatchObject({ anthropic_version: 'bedrock-2023-05-31' })
  })
})

/** A Vertex channel whose tokens are real. */
async function startVertex() {
  const tokens = await startUpstream()
  const account = newServiceAccount(`${tokens.url}/token`)
  const token = gateway.secret('ya29.token-of-hosted-models')
  tokens.on('undefined', (call, response) =>
    assertedBy(account, call.body.toString()) === undefined
      ? sendJson(response, 400, { error: 'invalid_grant' })
      : sendJson(response, 200, { access_token: token, expires_in: 3600, token_type: 'Bearer' }),
  )
  return { token, keys: [account.text], close: tokens.close }
}
const PLACE = '/v1/projects/project/locations/global'
const vertex = await startVertex()
const onVertex = (dialect: string, more: Fields = {}): { channel: Fields } => ({
  channel: {
    ...{ type: 'vertex', base_url: upstream.url + PLACE, keys: vertex.keys },
    ...{ dialects: [dialect], ...more },
  },
})

describe('Claude on Vertex AI', () => {
  it('is asked by the path, with the version in the body, plain and streaming', async () => {
    const theirs = 'claude-sonnet-4-5@20250929'
    upstream.on(theirs, messages(SPEECH))
    const model_mapping = { 'claude-v': theirs }
    await gateway.offer('claude-v', messages(SPEECH), onVertex('anthropic', { model_mapping }))
    const { response } = await claude.beta.messages
      .create({ ...asked('claude-v'), betas: ['context-1m-2025-08-07', 'files-api-2025-04-14'] })
      .withResponse()
    const path = `${PLACE}/publishers/anthropic/models/${theirs}`
    expect(last().path).toBe(`${path}:rawPredict`)
    expect(last().headers.authorization).toBe(`Bearer ${vertex.token}`)
    expect(last().headers['anthropic-beta']).toBe('context-1m-2025-08-07')
    expect(last().json).toEqual({
      anthropic_version: 'vertex-2023-10-16',
      ...{ max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] },
    })
    expect(await gateway.usageOf(idOf(response.headers))).toMatchObject({ prompt_tokens: 100 })
    const message = await claude.messages.stream(asked('claude-v')).finalMessage()
    expect(message.content).toMatchObject([{ text: 'Hello there.' }])
    expect(last().path).toBe(`${path}:streamRawPredict`)
    expect(last().json).toMatchObject({ stream: true })
  })

  it('answers callers of other dialects, also with tools in a stream', async () => {
    await gateway.offer('claude-x', messages(TOOL), onVertex('anthropic'))
    const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }]
    const answered = await gateway.call(asking('claude-x', { stream: true, tools }), key)
    expect(answered.text).toContain('"name":"weather"')
    expect(answered.text).toContain('[DONE]')
    expect(last().path).toBe(`${PLACE}/publishers/anthropic/models/claude-x:streamRawPredict`)
    expect(last().json).toMatchObject({ anthropic_version: 'vertex-2023-10-16', stream: true })
    expect(last().json).not.toHaveProperty('model')
  })

  it('whose stream is broken off is not taken for whole', async () => {
    const broken = messages({ ...SPEECH, breaksAfter: 4 })
    await gateway.offer('claude-y', broken, onVertex('anthropic'))
    await expect(claude.messages.stream(asked('claude-y')).finalMessage()).rejects.toThrow()
    expect(last().path).toBe(`${PLACE}/publishers/anthropic/models/claude-y:streamRawPredict`)
  })

  it("tells Google's errors in words of Anthropic, and Anthropic's as they are", async () => {
    const google = { code: 400, message: 'No such location.', status: 'INVALID_ARGUMENT' }
    await gateway.offer(
      'claude-w',
      (_call, response) => sendJson(response, 400, { error: google }),
      onVertex('anthropic'),
    )
    const call = () => gateway.call(asked('claude-w'), key, { path: '/v1/messages' })
    expect((await call()).json).toMatchObject({
      ...{ type: 'error', error: { type: 'invalid_request_error' } },
    })
    const theirs = { type: 'error', error: { type: 'invalid_request_error', message: 'Too long.' } }
    upstream.on('claude-w', (_call, response) => sendJson(response, 400, theirs))
    expect((await call()).json).toEqual(theirs)
  })
})

describe('Gemini on Vertex AI', () => {
  const genai = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } })

  it('is asked by its own API, plain and streaming', async () => {
    const model = 'gemini-on-vertex'
    await gateway.offer(model, candidates(SPEECH), onVertex('gemini'))
    const plain = await genai.models.generateContent({ model, contents: 'Hi' })
    expect(plain.text).toBe('Hello there.')
    const path = `${PLACE}/publishers/google/models/${model}`
    expect(last().path).toBe(`${path}:generateContent`)
    expect(last().headers.authorization).toBe(`Bearer ${vertex.token}`)
    let text = ''
    const stream = await genai.models.generateContentStream({ model, contents: 'Hi' })
    for await (const part of stream) text += part.text
    expect(text).toBe('Hello there.')
    expect(last().path).toBe(`${path}:streamGenerateContent?alt=sse`)
  })

  it('and Claude have their tokens counted here', async () => {
    await gateway.offer('gemini-counted', candidates(SPEECH), onVertex('gemini'))
    await gateway.offer('claude-counted', messages(SPEECH), onVertex('anthropic'))
    const calls = upstream.calls.length
    const gemini = await genai.models.countTokens({ model: 'gemini-counted', contents: 'Hi' })
    expect(gemini.totalTokens).toBeGreaterThan(0)
    const { messages: said } = asked('')
    const counted = await claude.messages.countTokens({ model: 'claude-counted', messages: said })
    expect(counted.input_tokens).toBeGreaterThan(0)
    expect(upstream.calls.length).toBe(calls)
  })

  it('answers callers of other dialects, and has no embeddings there', async () => {
    const mapped = { model_mapping: { 'gemini-mapped': 'google/gemini-theirs' } }
    upstream.on('gemini-theirs', candidates(SPEECH))
    await gateway.offer('gemini-mapped', candidates(SPEECH), onVertex('gemini', mapped))
    const answered = await gateway.call(asking('gemini-mapped'), key)
    expect(answered.json.choices[0].message.content).toBe('Hello there.')
    expect(last().path).toBe(`${PLACE}/publishers/google/models/gemini-theirs:generateContent`)
    const EMBEDDED = { model: 'models/gemini-mapped', content: { parts: [{ text: 'a' }] } }
    for (const [path, body] of [
      ['/v1/embeddings', { model: 'gemini-mapped', input: 'a' }],
      ['/v1beta/models/gemini-mapped:embedContent', { content: { parts: [{ text: 'a' }] } }],
      ['/v1beta/models/gemini-mapped:batchEmbedContents', { requests: [EMBEDDED] }],
    ] as const) {
      const refused = await gateway.call(body as never, key, { path })
      expect(refused.headers.get('x-error-code')).toBe('unsupported_parameter')
    }
  })
})
