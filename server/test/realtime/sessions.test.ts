import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { begins, ends, refusedAt, talk, USAGE } from '../tools/realtime.ts'
import { COST, realtimeWorld } from './world.ts'

const gateway = await sharedGateway()
const { provider, url, bearer, nextModel, offer, session, last, records } =
  await realtimeWorld(gateway)

describe('a realtime session', () => {
  it('passes events both ways, and charges each response before its client hears that it is done', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key, '&x=1')
    expect(talking.headers['x-request-id']).toMatch(/^req_/)
    expect(await talking.hears('session.created')).toMatchObject({ session: { model: 'theirs' } })
    expect(last().request.url).toBe(`/v1/realtime?model=${model}&x=1`)
    for (const spent of [1, 2]) {
      talking.say({ type: 'response.create', event_id: 'mine' })
      expect(await talking.hears('response.output_text.delta')).toMatchObject({ delta: 'Hello!' })
      expect(await talking.hears('response.done')).toMatchObject({ response: { usage: USAGE } })
      const used = (await gateway.keyRecord(key.id)).used_quota
      expect(used).toBe(Math.ceil(COST) * spent)
    }
    talking.socket.close(4001, 'enough')
    await talking.closed
    await expect.poll(() => last().socket.readyState).toBe(3)
    const [second, first] = await records(key)
    expect(first).toMatchObject({
      ...{ quota: Math.ceil(COST), prompt_tokens: 100, completion_tokens: 50, cached_tokens: 30 },
      ...{ audio_tokens: 90, is_stream: true, status: 200, model_name: model, attempts: 1 },
      request_id: `${talking.headers['x-request-id']}-1`,
    })
    expect(first.first_token_ms).toBeGreaterThanOrEqual(0)
    expect(second.request_id).toBe(`${talking.headers['x-request-id']}-2`)
  })

  it('sends the channel its own key and the mapped model, and nothing of the caller', async () => {
    const model = await offer({ model_mapping: { [nextModel()]: 'their model' } })
    const key = await gateway.createKey()
    const headers = {
      ...{ cookie: 'c=1', origin: 'https://page.example', 'openai-organization': 'o' },
      ...{ 'x-forwarded-for': '203.0.113.1', 'openai-beta': 'realtime=v1', 'x-mine': 'yes' },
      ...bearer(key.key).headers,
    }
    const talking = await talk({ url, path: `/v1/realtime?model=${model}`, options: { headers } })
    await talking.hears('session.created')
    const { request } = last()
    expect(request.url).toBe('/v1/realtime?model=their%20model')
    expect(request.headers).toMatchObject({ 'openai-beta': 'realtime=v1', 'x-mine': 'yes' })
    const held = ['cookie', 'origin', 'openai-organization', 'x-forwarded-for']
    for (const name of [...held, 'sec-websocket-protocol', 'sec-websocket-extensions']) {
      expect(request.headers[name], name).toBeUndefined()
    }
    expect(request.headers.authorization).toMatch(/^Bearer upstream-secret-/)
    talking.socket.close()
  })

  it('takes the key from an offered protocol, and never says it back', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    const path = `/v1/realtime?model=${model}`
    const protocols = ['realtime', `openai-insecure-api-key.${key}`, 'openai-beta.realtime-v1']
    const talking = await talk({ url, path, protocols })
    expect(talking.socket.protocol).toBe('realtime')
    await talking.hears('session.created')
    expect(last().request.headers['openai-beta']).toBe('realtime=v1')
    expect(JSON.stringify(last().request.rawHeaders)).not.toContain(key)
    talking.socket.close()
    const other = await gateway.createKey()
    const two = await refusedAt({ url, path, protocols, options: bearer(other.key) })
    expect([two.status, two.json.error.code]).toEqual([401, 'key_malformed'])
  })

  it('forgives base URLs as other paths do', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    for (const path of ['/realtime', '/v1/v1/realtime', '//v1//realtime/']) {
      const talking = await talk({ url, path: `${path}?model=${model}`, options: bearer(key) })
      talking.socket.close()
    }
  })

  it('goes to the next channel when one refuses, before the client hears anything', async () => {
    const model = await offer({ priority: 0 })
    await gateway.createChannel({
      ...{ models: [model], base_url: 'http://127.0.0.1:1/v1', priority: 3 },
    })
    // It has no sessions: its path is not there.
    await gateway.createChannel({
      ...{ models: [model], base_url: `${gateway.upstream.url}/v1`, priority: 2 },
    })
    await gateway.createChannel({ models: [model], type: 'anthropic', priority: 2 })
    await gateway.createChannel({
      ...{ models: [model], base_url: `${provider.url}/busy`, priority: 1 },
    })
    provider.refuses = (request, response) => {
      if (!request.url?.startsWith('/busy')) return false
      response.writeHead(503, { 'content-type': 'application/json' })
      response.end('{"error":{"message":"busy"}}')
      return true
    }
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    expect(talking.headers['x-turnpike-attempts']).toBe('4')
    talking.say({ type: 'response.create' })
    await talking.hears('response.done')
    talking.socket.close()
    const [record] = await records(key)
    expect(record.attempts).toBe(4)
  })

  it('is answered over HTTP when nobody takes it', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    provider.refuses = (_request, response) => {
      response.writeHead(429, { 'content-type': 'application/json' })
      response.end('{"error":{"message":"slow down, upstream-secret-1","code":"slow"}}')
      return true
    }
    const asking = (model: string) =>
      refusedAt({ url, path: `/v1/realtime?model=${model}`, options: bearer(key.key) })
    const busy = await asking(model)
    expect([busy.status, busy.json.error.code]).toEqual([429, 'slow'])
    provider.refuses = (_request, response) => {
      response.writeHead(401).end()
      return true
    }
    const denied = await asking(await offer())
    expect([denied.status, denied.json.error.code]).toEqual([502, 'channel_refused'])
    const refused = { status: 502, error_code: 'channel_refused', quota: 0 }
    await expect.poll(() => records(key)).toMatchObject([refused, { status: 429 }])
  })

  it('charges what a provider begins by itself, and each response once', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    await talking.hears('session.created')
    const theirs = last()
    const id = begins(theirs)
    ends(theirs, id, USAGE)
    ends(theirs, id, USAGE)
    await talking.hears('response.done')
    await talking.hears('response.done')
    expect((await gateway.keyRecord(key.id)).used_quota).toBe(Math.ceil(COST))
    talking.socket.close()
  })

  it('charges transcripts to whoever writes them down', async () => {
    const model = await offer()
    await gateway.manage('PUT', '/api/price/scribe', {
      input: '2',
      output: '8',
      per_second: '0.01',
    })
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    await talking.hears('session.created')
    const transcription = { model: 'scribe' }
    last().say({ type: 'session.updated', session: { audio: { input: { transcription } } } })
    const done = { type: 'conversation.item.input_audio_transcription.completed', item_id: 'i' }
    const tokens = { type: 'tokens', input_tokens: 10, output_tokens: 5 }
    last().say({ ...done, transcript: 'hi', usage: tokens })
    await talking.hears(done.type)
    last().say({ ...done, transcript: 'hi', usage: { type: 'duration', seconds: 2 } })
    await talking.hears(done.type)
    talking.socket.close()
    const [seconds, words] = await records(key)
    expect(words).toMatchObject({ model_name: 'scribe', quota: 30, prompt_tokens: 10 })
    expect(seconds).toMatchObject({ model_name: 'scribe', quota: 10_000 })
  })

  it('passes bytes and close codes of the provider on', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    const talking = await session(model, key)
    await talking.hears('session.created')
    const bytes = Buffer.from([1, 2, 3])
    talking.socket.send(bytes)
    await expect.poll(() => last().events.at(-1)).toEqual(bytes)
    last().socket.send(bytes)
    expect((await talking.hears('bytes')).bytes).toEqual(bytes)
    last().socket.close(4444, 'theirs')
    expect(await talking.closed).toEqual({ code: 4444, reason: 'theirs' })
  })
})
