import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { newDatabase } from '../tools/database.ts'
import { sharedGateway, startGateway } from '../tools/gateway.ts'
import { begins, ends, refusedAt, speaks, talk, USAGE } from '../tools/realtime.ts'
import { COST, HELD, realtimeWorld } from './world.ts'

const gateway = await sharedGateway()
const { provider, url, bearer, offer, session, last, records } = await realtimeWorld(gateway)
const setting = (name: string, value: unknown) =>
  gateway.manage('PUT', '/api/setting/', { [name]: value })
afterEach(async () => {
  await setting('revocation.streams', 'finish')
  await setting('realtime.idle_ms', 900_000)
  await setting('realtime.total_ms', 3_600_000)
})

const CUT_OFF = 'response.cancel'
/** Nobody answers: the provider goes on talking. */
const talksOn = () => {
  provider.script = (event, theirs) => {
    if (event.type !== 'response.create') return
    const id = begins(theirs)
    theirs.say({ type: 'response.output_audio.delta', response_id: id, delta: 'A'.repeat(64_000) })
  }
}

describe('a session whose quota', () => {
  it('is not enough for one response is not opened', async () => {
    const model = await offer()
    const key = await gateway.createKey({ remain_quota: HELD - 1 })
    const path = `/v1/realtime?model=${model}`
    const calls = provider.sessions.length
    const refused = await refusedAt({ url, path, options: bearer(key.key) })
    expect([refused.status, refused.json.error.code]).toEqual([403, 'quota_exhausted'])
    expect(refused.headers['x-error-code']).toBe('quota_exhausted')
    expect(provider.sessions.length).toBe(calls)
  })

  it('ends is ended after the response that it was held for', async () => {
    const model = await offer()
    const key = await gateway.createKey({ remain_quota: HELD + Math.ceil(COST) })
    const talking = await session(model, key.key)
    talking.say({ type: 'response.create' })
    expect(await talking.hears('response.done')).toMatchObject({ response: { usage: USAGE } })
    const { error } = await talking.hears('error')
    expect(error).toMatchObject({ code: 'quota_exhausted', type: 'comet_api_error' })
    expect(await talking.closed).toEqual({ code: 1008, reason: 'quota_exhausted' })
    await expect.poll(() => last().socket.readyState).toBe(3)
    expect(await gateway.keyRecord(key.id)).toMatchObject({ remain_quota: HELD })
  })

  it('is taken by nobody else while it is held, and is free again at the end', async () => {
    const model = await offer()
    const key = await gateway.createKey({ remain_quota: HELD + 10 })
    const talking = await session(model, key.key)
    const path = `/v1/realtime?model=${model}`
    const second = await refusedAt({ url, path, options: bearer(key.key) })
    expect([second.status, second.json.error.code]).toEqual([429, 'quota_reserved'])
    talking.socket.close()
    await talking.closed
    const third = await session(model, key.key)
    third.socket.close()
  })

  it('has to be enough for each of several responses at a time', async () => {
    const model = await offer()
    const key = await gateway.createKey({ remain_quota: 2 * HELD })
    const talking = await session(model, key.key)
    talksOn()
    const aside = { type: 'response.create', response: { conversation: 'none' } }
    for (const _ of [1, 2, 3]) talking.say(aside)
    const { error } = await talking.hears('error')
    expect(error.code).toBe('quota_reserved')
    await talking.closed
    const asked = last().events.filter(({ type }) => type === 'response.create')
    expect(asked.length).toBe(2)
  })

  it('never goes below nothing, whatever a provider reports', async () => {
    const model = await offer()
    const key = await gateway.createKey({ remain_quota: HELD })
    provider.script = speaks({ input_tokens: 1_000_000, output_tokens: 1_000_000 })
    const talking = await session(model, key.key)
    talking.say({ type: 'response.create' })
    await talking.hears('response.done')
    expect((await talking.hears('error')).error.code).toBe('quota_exhausted')
    const [record] = await records(key)
    expect(record).toMatchObject({ quota: HELD, shortfall: 5_000_000 - HELD })
  })

  it('is reserved for the conversation that the next response will read', async () => {
    const model = await offer()
    const key = await gateway.createKey({ remain_quota: HELD + 300 + 149 * 10 })
    provider.script = speaks({ input_tokens: 100, output_tokens: 50 })
    const talking = await session(model, key.key)
    talking.say({ type: 'response.create' })
    await talking.hears('response.done')
    // 300 are spent, and ten too few are left for 150 tokens that may be sound.
    expect((await talking.hears('error')).error).toMatchObject({ code: 'quota_exhausted' })
  })
})

describe('a client that leaves', () => {
  it('pays what the provider says was used, which is told to stop', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    provider.script = (event, theirs) => {
      if (event.type === 'response.create') begins(theirs)
      else if (event.type === CUT_OFF) ends(theirs, event.response_id, USAGE, 'cancelled')
    }
    talking.say({ type: 'response.create' })
    await talking.hears('response.created')
    talking.socket.terminate()
    const left = { status: 499, quota: Math.ceil(COST), estimated: false }
    await expect.poll(() => records(key)).toMatchObject([left])
    await expect.poll(() => last().socket.readyState).toBe(3)
  })

  it('pays for what came, where nobody says', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    talksOn()
    talking.say({ type: 'response.create' })
    await talking.hears('response.output_audio.delta')
    talking.socket.terminate()
    // 48 000 bytes are a second, which is 20 tokens.
    const left = { status: 499, quota: 20 * 40, estimated: true, completion_tokens: 20 }
    await expect.poll(() => records(key), { timeout: 5_000 }).toMatchObject([left])
  })
})

describe('a response of which nobody says what it used', () => {
  it('costs nothing when nothing of it came, and is counted when something did', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    await talking.hears('session.created')
    const theirs = last()
    ends(theirs, begins(theirs), null, 'failed')
    await talking.hears('response.done')
    const id = begins(theirs)
    theirs.say({ type: 'response.output_text.delta', response_id: id, delta: 'Hello there' })
    ends(theirs, id, undefined)
    await talking.hears('response.done')
    talking.socket.close()
    const counted = { quota: 8, completion_tokens: 2, estimated: true }
    expect(await records(key)).toMatchObject([counted, { quota: 0, completion_tokens: 0 }])
  })

  it('is one of 64 at most', async () => {
    const model = await offer()
    const { key } = await gateway.createKey({ unlimited_quota: true })
    const talking = await session(model, key)
    provider.script = () => undefined
    for (let said = 0; said < 65; said++) talking.say({ type: 'response.create' })
    expect((await talking.hears('error')).error.code).toBe('rate_limited')
    await expect.poll(() => last().events.length).toBe(64)
    talking.socket.close()
  })
})

describe('a provider that ends a session', () => {
  it('in the middle of a response is paid for what came of it', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    talksOn()
    talking.say({ type: 'response.create' })
    await talking.hears('response.output_audio.delta')
    last().socket.terminate()
    expect((await talking.hears('error')).error.code).toBe('upstream_unreachable')
    expect((await talking.closed).code).toBe(1011)
    const broke = { error_code: 'upstream_unreachable', quota: 800, estimated: true }
    await expect.poll(() => records(key)).toMatchObject([broke])
  })

  it('is quoted without what only the operator may know', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    const talking = await session(model, key)
    await talking.hears('session.created')
    const { request, socket, say } = last()
    const secret = String(request.headers.authorization).slice('Bearer '.length)
    say({ type: 'error', error: { message: `bad key ${secret} at ${provider.url}` } })
    const { error } = await talking.hears('error')
    expect(error.message).toBe('bad key [key] at [provider]')
    socket.close(4000, `bad key ${secret}`)
    expect(await talking.closed).toEqual({ code: 4000, reason: 'bad key [key]' })
  })
})

describe('a key that may no longer make calls', () => {
  it('ends sessions in which nothing is being said, whatever the setting', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    await talking.hears('session.created')
    await gateway.manage('PUT', '/api/token/', { id: key.id, status: 2 })
    expect((await talking.hears('error')).error.code).toBe('key_disabled')
    expect(await talking.closed).toEqual({ code: 1008, reason: 'key_disabled' })
  })

  it('ends with its running response, or at once', async () => {
    const model = await offer()
    for (const cut of [false, true]) {
      await setting('revocation.streams', cut ? 'cut' : 'finish')
      const key = await gateway.createKey()
      const talking = await session(model, key.key)
      talksOn()
      talking.say({ type: 'response.create' })
      await talking.hears('response.output_audio.delta')
      await gateway.manage('PUT', '/api/token/', { id: key.id, status: 2 })
      if (!cut) {
        await pause(1_500)
        expect(talking.socket.readyState).toBe(1)
        const { response } = talking.events.find(({ type }) => type === 'response.created')
        ends(last(), response.id, USAGE)
        await talking.hears('response.done')
      }
      expect((await talking.hears('error')).error.code).toBe('key_disabled')
      const ended = cut ? { quota: 800, error_code: 'key_disabled' } : { quota: Math.ceil(COST) }
      await expect.poll(() => records(key), { timeout: 5_000 }).toMatchObject([ended])
    }
  })

  it('may have expired by itself', async () => {
    const model = await offer()
    const seconds = Math.ceil(Date.now() / 1000) + 2
    const key = await gateway.createKey({ expired_time: seconds })
    const talking = await session(model, key.key)
    expect((await talking.hears('error')).error.code).toBe('key_expired')
  })
})

describe('a session ends', () => {
  it('when nothing is said for too long, or after its longest time', async () => {
    const model = await offer()
    const { key } = await gateway.createKey()
    for (const name of ['idle_ms', 'total_ms']) {
      await setting(`realtime.${name}`, 1_000)
      const talking = await session(model, key)
      const says = setInterval(() => name === 'total_ms' && talking.say({ type: 'x' }), 200)
      expect((await talking.hears('error')).error.code).toBe('session_expired')
      expect((await talking.closed).code).toBe(1000)
      clearInterval(says)
      await setting(`realtime.${name}`, 900_000)
    }
  })

  it('when the gateway stops: after the running response, or cut and charged', async () => {
    const database = await newDatabase()
    onTestFinished(() => database.remove())
    const other = await startGateway({ database })
    const key = await other.createKey()
    const price = { input: '2', output: '8', input_audio: '20', output_audio: '80' }
    await other.manage('PUT', '/api/price/drained', price)
    await other.createChannel({ models: ['drained'], base_url: `${provider.url}/v1` })
    const path = '/v1/realtime?model=drained'
    const asking = { url: other.url, path, options: bearer(key.key) }
    talksOn()
    const [idle, done, cut] = await Promise.all([talk(asking), talk(asking), talk(asking)])
    for (const talking of [done, cut]) {
      talking.say({ type: 'response.create' })
      await talking.hears('response.output_audio.delta')
    }
    const closing = other.close()
    expect((await idle.hears('error')).error.code).toBe('draining')
    expect((await idle.closed).code).toBe(1012)
    const { response } = done.events.find(({ type }) => type === 'response.created')
    const saying = provider.sessions.find(({ begun }) => begun.includes(response.id))
    if (saying === undefined) throw new Error('nobody says it')
    ends(saying, response.id, USAGE)
    await done.hears('response.done')
    expect((await done.hears('error')).error.code).toBe('draining')
    await cut.closed
    await closing
    const later = await startGateway({ database, adminToken: other.adminToken })
    const { items } = await later.manage('GET', `/api/log/?token_id=${key.id}`)
    expect(items).toMatchObject([{ quota: 800, status: 499 }, { status: 200 }])
    await later.close()
  })
})
