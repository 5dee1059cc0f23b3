import { describe, expect, it } from 'vitest'
import { asking, type Fields } from '../tools/calls.ts'
import { signedFor } from '../tools/cloud-checks.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script, UpstreamCall } from '../tools/upstream.ts'
import { answers, sendJson, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const ID = 'AKIAIOSFODNN7EXAMPLE'
const SECRET = gateway.secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
const SESSION = gateway.secret('IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJ+==')
const BASE = `${gateway.upstream.url}/openai/v1?region=eu-west-1`
const last = () => gateway.upstream.calls.at(-1) as UpstreamCall

/** Answers like the runtime: to those who signed with the secret, and to nobody else. */
const ifSigned =
  (then: Script): Script =>
  (call, response) =>
    signedFor(call, SECRET) === undefined
      ? sendJson(response, 403, { message: `no match: ${JSON.stringify(call.headers)}` })
      : then(call, response)

const offer = (model: string, script: Script, channel: Fields = {}) =>
  gateway.offer(model, script, {
    channel: { type: 'bedrock', base_url: BASE, keys: [`${ID}:${SECRET}`], ...channel },
  })

describe('a channel of type bedrock', () => {
  it('signs what it sends, whatever the caller sends with it', async () => {
    const mapped = 'openai.gpt-oss-20b-1:0'
    gateway.upstream.on(mapped, ifSigned(answers()))
    await offer('signed', answers(), {
      model_mapping: { signed: mapped },
      headers: { 'x-mine': 'a' },
    })
    const { status } = await gateway.call(asking('signed', { user: 'ü' }), key, {
      path: '/v1/chat/completions?b=two+words&a=%2A!&b=1&a',
      headers: { 'x-amz-date': '20200101T000000Z', 'x-amz-security-token': 'theirs' },
    })
    expect(status).toBe(200)
    const { region, service, names, id, date } = signedFor(last(), SECRET) ?? {}
    expect([id, region, service]).toEqual([ID, 'eu-west-1', 'bedrock'])
    expect(names).toBe('host;x-amz-content-sha256;x-amz-date')
    expect(date).not.toMatch(/^2020/)
    expect(last().path).toBe('/openai/v1/chat/completions?b=two%20words&a=%2A%21&b=1&a=')
    expect(last().headers['x-amz-security-token']).toBeUndefined()
    expect(last().json).toMatchObject({ model: mapped })
  })

  it('signs streams, with a session token where it has one', async () => {
    await offer('session', ifSigned(streams({ events: 3 })), {
      keys: [`${ID}:${SECRET}:${SESSION}`],
    })
    const { status, text } = await gateway.call(asking('session', { stream: true }), key)
    expect([status, text.includes('[DONE]')]).toEqual([200, true])
    expect(last().headers['x-amz-security-token']).toBe(SESSION)
    expect(signedFor(last(), SECRET)?.names).toContain('x-amz-security-token')
  })

  it('signs a long form, of which no more than a piece is in memory', async () => {
    const heard: Script = (_call, response) => sendJson(response, 200, { text: 'Hello.' })
    await offer('listener', ifSigned(heard))
    const form = new FormData()
    form.append('file', new Blob([Buffer.alloc(2_000_000, 'sound')]), 'a.mp3')
    form.append('model', 'listener')
    const packed = new Response(form)
    const headers = { 'content-type': packed.headers.get('content-type') ?? '' }
    const bytes = Buffer.from(await packed.arrayBuffer())
    const path = '/v1/audio/transcriptions'
    const { status, text } = await gateway.call(bytes, key, { path, headers })
    expect([status, text]).toEqual([200, '{"text":"Hello."}'])
    expect(last().body.equals(bytes)).toBe(true)
  })

  it('sends an API key as it is', async () => {
    const apiKey = gateway.secret('ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl')
    await offer('bearer', answers(), { keys: [apiKey] })
    expect((await gateway.call(asking('bearer'), key)).status).toBe(200)
    expect(last().headers.authorization).toBe(`Bearer ${apiKey}`)
  })

  it('lets keys of both kinds take turns', async () => {
    const apiKey = gateway.secret('ABSKdGFrZXMtdHVybnMtd2l0aC1vdGhlcnM')
    await offer('turns', answers(), { keys: [apiKey, `${ID}:${SECRET}`] })
    const kinds = new Set<string>()
    for (let n = 0; n < 2; n++) {
      await gateway.call(asking('turns'), key)
      kinds.add(String(last().headers.authorization).slice(0, 6))
    }
    expect([...kinds].sort()).toEqual(['AWS4-H', 'Bearer'])
  })

  it('with a wrong secret is 502 channel_refused, and says nothing of it', async () => {
    const wrong = gateway.secret('wrong-secret-access-key-0123456789abcdef')
    await offer('wrong-secret', ifSigned(answers()), { keys: [`${ID}:${wrong}:${SESSION}`] })
    const { status, json } = await gateway.call(asking('wrong-secret'), key)
    expect([status, json.error.code]).toEqual([502, 'channel_refused'])
    const line = gateway.logs.findLast((text) => text.includes('a channel refused')) ?? ''
    expect(line).toContain('no match')
    expect(line).not.toContain(ID)
  })

  it('is tested with one small signed request, and shows its keys masked', async () => {
    const channel = { type: 'bedrock', base_url: BASE, models: ['tested'] }
    const made = await gateway.createChannel({ ...channel, keys: [`${ID}:${SECRET}`] })
    gateway.upstream.on('tested', ifSigned(answers()))
    expect(made.keys).toEqual(['AKIA**********EKEY'])
    const { json } = await gateway.api('POST', `/api/channel/${made.id}/test`, {})
    expect(json.data).toMatchObject({ ok: true, status: 200 })
  })

  it('says what its base URL, models and keys have to be', async () => {
    const refusal = async (fields: Fields) => {
      const { json } = await gateway.api('POST', '/api/channel/', {
        ...{ name: 'b', type: 'bedrock', keys: ['k'], models: ['m'], base_url: BASE },
        ...fields,
      })
      expect(json.success).toBe(false)
      return json.message
    }
    const { url } = gateway.upstream
    for (const base_url of [
      url,
      `${url}?region=x`,
      `${BASE}&a=b`,
      'https://bedrock-runtime.amazonaws.com',
    ])
      expect(await refusal({ base_url })).toMatch(/bedrock-runtime\.\{region\}/)
    for (const pair of [`${ID}:`, `short:${SECRET}`, `${ID}:${SECRET}:`, `${ID}:${SECRET}:a:b`]) {
      const message = await refusal({ keys: ['fine', pair] })
      expect(message).toMatch(/^keys\[1\] must be a Bedrock API key, or access_key_id:/)
    }
    expect(await refusal({ models: [] })).toMatch(/models is required for the type bedrock/)
  })
})
