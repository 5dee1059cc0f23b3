import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { begins, ends, refusedAt, USAGE } from '../tools/realtime.ts'
import { realtimeWorld } from './world.ts'

const gateway = await sharedGateway()
const { provider, url, bearer, nextModel, offer, session, last } = await realtimeWorld(gateway)
const at = (query: string, options: object = {}) =>
  refusedAt({ url, path: `/v1/realtime${query}`, options })
const code = async (answer: ReturnType<typeof at>) => {
  const { status, json } = await answer
  return [status, json.error.code]
}

describe('before a session is opened', () => {
  it('each check is answered over HTTP, in its order', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    expect(await code(at(''))).toEqual([401, 'key_missing'])
    expect(await code(at('', bearer('sk-nonsense')))).toEqual([401, 'key_malformed'])
    expect(await code(at('', bearer(gateway.adminToken)))).toEqual([401, 'key_malformed'])
    const other = await gateway.createKey({ allow_ips: '203.0.113.9' })
    expect(await code(at('', bearer(other.key)))).toEqual([403, 'ip_not_allowed'])
    expect(await code(at('', bearer(key)))).toEqual([400, 'invalid_request'])
    expect(await code(at(`?model=${model}&model=x`, bearer(key)))).toEqual([400, 'invalid_request'])
    const limited = await gateway.createKey({ model_limits_enabled: true, model_limits: 'x' })
    const named = `?model=${model}`
    expect(await code(at(named, bearer(limited.key)))).toEqual([403, 'model_not_allowed'])
    expect(await code(at('?model=nobody', bearer(key)))).toEqual([404, 'model_not_found'])
    const busy = await gateway.createKey({ max_concurrent: 1 })
    const talking = await session(model, busy.key)
    expect(await code(at(named, bearer(busy.key)))).toEqual([429, 'rate_limited'])
    talking.socket.close()
    const poor = await gateway.createKey({ remain_quota: 1 })
    const refused = await at(named, bearer(poor.key))
    expect([refused.status, refused.json.error.code]).toEqual([403, 'quota_exhausted'])
    expect(refused.headers).toMatchObject({ connection: 'close', 'x-should-retry': 'false' })
    expect(refused.json.error.message).toContain(refused.headers['x-request-id'])
    provider.refuses = (_request, response) => {
      response.writeHead(500).end()
      return true
    }
    expect((await at(named, bearer(key))).status).toBe(500)
  })

  it('what is not offered says so', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    expect(await code(at('?call_id=c', bearer(key)))).toEqual([400, 'unsupported_parameter'])
    await gateway.offer('writes-only', undefined, { channel: { type: 'anthropic' } })
    const nobody = await at('?model=writes-only', bearer(key))
    expect([nobody.status, nobody.json.error.code]).toEqual([400, 'unsupported_parameter'])
    for (const part of ['client_secrets', 'calls', 'sessions']) {
      const answer = await gateway.call({ model }, key, { path: `/v1/realtime/${part}` })
      expect([answer.status, answer.json.error.code]).toEqual([404, 'route_not_found'])
      expect(answer.json.error.message).toContain('go over a WebSocket')
    }
    const plain = await gateway.call('', key, { path: '/v1/realtime', method: 'GET' })
    expect([plain.status, plain.json.error.code]).toEqual([404, 'route_not_found'])
    expect(plain.json.error.message).toContain('as a WebSocket')
  })

  it('an Azure channel is called by its v1 API, with its own header, whatever its version', async () => {
    const { key } = await gateway.createKey()
    const dated = `${provider.url}/openai/deployments?api-version=2024-10-21`
    for (const base_url of [provider.url, dated]) {
      const model = await offer({ type: 'azure', keys: ['azure-key-1'], base_url })
      const talking = await session(model, key, '&api-version=1999-01-01')
      expect(last().request.url).toBe(`/openai/v1/realtime?model=${model}`)
      expect(last().request.headers['api-key']).toBe('azure-key-1')
      expect(last().request.headers.authorization).toBeUndefined()
      talking.socket.close()
    }
  })
})

describe('a model named within a session', () => {
  it('must be one that the key may use, and is passed on by the name that the provider knows', async () => {
    const model = await offer({
      model_mapping: { [nextModel()]: 'theirs', scribe: 'their-scribe' },
    })
    await gateway.manage('PUT', '/api/price/scribe', { input: '2', output: '8' })
    const { key } = await gateway.createKey({
      ...{ model_limits_enabled: true, model_limits: `${model},scribe,unpriced,another` },
    })
    const talking = await session(model, key)
    const update = (said: object) =>
      talking.say({ type: 'session.update', event_id: 'mine', session: said })
    const scribing = (name: string) => ({ audio: { input: { transcription: { model: name } } } })
    const refusals = [
      [{ model: 'forbidden' }, 'model_not_allowed'],
      [{ model: 'another' }, 'unsupported_parameter'],
      [scribing('forbidden'), 'model_not_allowed'],
      [{ input_audio_transcription: { model: 'forbidden' } }, 'model_not_allowed'],
      [scribing('unpriced'), 'price_missing'],
      [{ model: 7 }, 'invalid_request'],
    ] as const
    for (const [said, code] of refusals) {
      update(said)
      expect((await talking.hears('error')).error).toMatchObject({ code, event_id: 'mine' })
    }
    talking.say('{"type":"x","type":"session.update","session":{"model":"forbidden"}}')
    expect((await talking.hears('error')).error.code).toBe('invalid_request')
    talking.say('{"type":"session.update","session":{"model":"forbidden","mo\\u0064el":"theirs"}}')
    expect((await talking.hears('error')).error.code).toBe('invalid_request')
    talking.socket.send(Buffer.from('{"type":"session.update","session":{"model":"forbidden"}}'))
    expect((await talking.hears('error')).error.code).toBe('model_not_allowed')
    expect(last().events).toEqual([])

    update({ model, ...scribing('scribe') })
    await expect.poll(() => last().events).toHaveLength(1)
    expect(last().events[0].session).toEqual({ model: 'theirs', ...scribing('their-scribe') })
    talking.socket.close()
  })
})

describe('rate limits', () => {
  it('count the tokens of each response, and refuse the next one when they are used up', async () => {
    const model = await offer()
    const { key } = await gateway.createKey({ tpm_limit: 1_200 })
    const talking = await session(model, key)
    expect(talking.headers['x-ratelimit-limit-tokens']).toBe('1200')
    for (let said = 0; said < 8; said++) {
      talking.say({ type: 'response.create' })
      await talking.hears('response.done')
    }
    talking.say({ type: 'response.create', event_id: 'ninth' })
    const { error } = await talking.hears('error')
    expect(error).toMatchObject({ code: 'rate_limited', event_id: 'ninth' })
    expect(error.message).toMatch(/1200 tokens .* free again in \d+ s \(request id/)
    expect(talking.socket.readyState).toBe(WebSocket.OPEN)
    talking.socket.close()
  })
})

describe('whoever means harm', () => {
  it('can send no longer message than the setting allows, nor one that is no text', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    await gateway.manage('PUT', '/api/setting/', { 'limits.body_bytes': 2_048 })
    const talking = await session(model, key)
    await gateway.manage('PUT', '/api/setting/', { 'limits.body_bytes': 33_554_432 })
    talking.say({ type: 'x', of: 'y'.repeat(4_096) })
    expect((await talking.closed).code).toBe(1009)
    await expect.poll(() => last().socket.readyState).toBe(WebSocket.CLOSED)
    const other = await session(model, key)
    other.socket.send(Buffer.from([0x7b, 0xff, 0xfe]), { binary: false })
    expect((await other.closed).code).toBe(1007)
  })

  it('is offered no compression', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    const talking = await session(model, key)
    expect(talking.headers['sec-websocket-extensions']).toBeUndefined()
    expect(talking.socket.extensions).toBe('')
    talking.socket.close()
  })

  it('does not fill the memory with answers that nobody reads', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    const talking = await session(model, key)
    await talking.hears('session.created')
    talking.socket.pause()
    const theirs = last()
    const id = begins(theirs)
    const delta = 'A'.repeat(64 * 1024)
    for (let said = 0; said < 400; said++) {
      theirs.say({ type: 'response.output_audio.delta', response_id: id, delta })
    }
    await pause(500)
    // Sockets take some; the rest stays with the provider.
    expect(theirs.socket.bufferedAmount).toBeGreaterThan(10_000_000)
    talking.socket.resume()
    ends(theirs, id, USAGE)
    await talking.hears('response.done')
    const heard = talking.events.filter(({ type }) => type === 'response.output_audio.delta')
    expect(heard.length).toBe(400)
    talking.socket.close()
  })

  it('does not fill it with answers to pings either', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    const talking = await session(model, key)
    talking.socket.ping('here?')
    await new Promise((resolve) => talking.socket.once('pong', resolve))
    let pongs = 0
    talking.socket.on('pong', () => pongs++)
    talking.socket.pause()
    const PINGS = 200_000
    for (let said = 1; said < PINGS; said++) talking.socket.ping(Buffer.alloc(125))
    await new Promise((resolve) => talking.socket.ping('last', undefined, resolve))
    talking.socket.resume()
    talking.say({ type: 'response.create' })
    await talking.hears('response.done')
    expect(pongs).toBeGreaterThan(0)
    expect(pongs).toBeLessThan(PINGS)
    talking.socket.close()
  })

  it('gets no WebSocket elsewhere, and no other protocol', async () => {
    const { key } = await gateway.createKey()
    await gateway.offer('plain')
    const headers = { ...bearer(key).headers, 'content-type': 'application/json' }
    for (const upgrade of ['websocket', 'h2c', 'anything']) {
      const answer = await raw('POST', '/v1/chat/completions', { ...headers, upgrade }, true)
      expect(answer).toMatchObject({ status: 200 })
    }
    const model = await offer()
    const path = `/v1/realtime?model=${model}`
    const handshake = { upgrade: 'websocket', 'sec-websocket-version': '13' }
    const nonce = { 'sec-websocket-key': Buffer.alloc(16).toString('base64') }
    const calls = provider.sessions.length
    for (const [method, more] of [
      ['GET', { ...handshake, 'sec-websocket-key': 'short' }],
      ['GET', { ...handshake, ...nonce, 'sec-websocket-version': '7' }],
      ['GET', { ...handshake, ...nonce, 'content-length': '2' }],
      ['POST', { ...handshake, ...nonce }],
    ] as const) {
      const answer = await raw(method, path, { ...headers, ...more }, 'content-length' in more)
      expect(answer).toMatchObject({ status: 404, code: 'route_not_found' })
    }
    expect(provider.sessions.length).toBe(calls)
  })

  it('is closed when it is refused, and gets no second request out of it', async () => {
    const nonce = Buffer.alloc(16).toString('base64')
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const head = `GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${nonce}\r\n\r\n`
    socket.write(`${head}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`)
    await closed
    expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(said).toContain('key_missing')
  })
})

/** A request as no client library would send it. */
function raw(method: string, path: string, headers: Record<string, string>, hasBody: boolean) {
  return new Promise<{ status: number; code: string }>((resolve, reject) => {
    const sent = request(url + path, { method, headers: { connection: 'upgrade', ...headers } })
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, code: String(response.headers['x-error-code']) })
    })
    sent.end(hasBody ? (path.includes('chat') ? JSON.stringify(asking('plain')) : '{}') : '')
  })
}
