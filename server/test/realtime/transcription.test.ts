import { describe, expect, it, onTestFinished } from 'vitest'
import { newDatabase } from '../tools/database.ts'
import { sharedGateway, startGateway } from '../tools/gateway.ts'
import {
  type ClientSession,
  type Event,
  type RealtimeScript,
  refusedAt,
  seconds,
  talk,
} from '../tools/realtime.ts'
import { realtimeWorld } from './world.ts'

/* Sessions in which nobody answers. */

const gateway = await sharedGateway()
const { provider, url, bearer, nextModel, offer, last, records } = await realtimeWorld(gateway)

const COMPLETED = 'conversation.item.input_audio_transcription.completed'
const DELTA = 'conversation.item.input_audio_transcription.delta'
const PATH = '/v1/realtime?intent=transcription'
/** 500 units a second. */
const BY_TIME = { per_second: '0.001' }
/** What is held for a minute. */
const HELD = 60 * 500

const unnamed = (key: string, headers: object = {}) =>
  talk({ url, path: PATH, options: { headers: { ...bearer(key).headers, ...headers } } })
const named = (model: string, key: string) =>
  talk({ url, path: `${PATH}&model=${model}`, options: bearer(key) })
const updating = (model: unknown, type: unknown = 'transcription') => ({
  type: 'session.update',
  event_id: 'mine',
  session: { type, audio: { input: { transcription: { model } } } },
})
const appending = (length: number) => ({
  type: 'input_audio_buffer.append',
  audio: seconds(length),
})
const sound = () => last().events.filter(({ type }) => type === 'input_audio_buffer.append')

/** Writes down each turn, and says what it used. */
const writes =
  (usage: Event): RealtimeScript =>
  ({ type, session }, { say, events }) => {
    if (type === 'session.update') say({ type: 'session.updated', session })
    if (type !== 'input_audio_buffer.commit') return
    const item = `item_${events.length}`
    say({ type: 'input_audio_buffer.committed', item_id: item })
    say({ type: DELTA, item_id: item, delta: 'Hello' })
    say({ type: COMPLETED, item_id: item, transcript: 'Hello', usage })
  }

/** Says why, and goes. */
async function refusal(talking: ClientSession) {
  const { error } = await talking.hears('error')
  const { code } = await talking.closed
  return [error.code, code]
}

describe('a session that only transcribes', () => {
  it('is greeted, says its model, and is charged for each transcript before it hears it', async () => {
    const model = await offer({ model_mapping: { [nextModel()]: 'theirs' } }, BY_TIME)
    provider.script = writes({ type: 'duration', seconds: 3 })
    const key = await gateway.createKey()
    const talking = await unnamed(key.key)
    const { session } = await talking.hears('session.created')
    expect(session).toMatchObject({ type: 'transcription', object: expect.any(String) })
    const calls = provider.sessions.length
    talking.say(updating(model))
    talking.say(appending(3))
    talking.say({ type: 'input_audio_buffer.commit' })
    expect(await talking.hears(DELTA)).toMatchObject({ delta: 'Hello' })
    expect(await talking.hears(COMPLETED)).toMatchObject({ transcript: 'Hello' })
    expect((await gateway.keyRecord(key.id)).used_quota).toBe(1_500)
    expect(provider.sessions.length).toBe(calls + 1)
    expect(last().request.url).toBe(PATH)
    expect(last().events[0]).toEqual(updating('theirs'))
    expect(last().events).toHaveLength(3)
    expect(talking.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
    talking.say({ type: 'input_audio_buffer.commit' })
    await talking.hears(COMPLETED)
    talking.socket.close()
    const id = talking.headers['x-request-id']
    expect(await records(key)).toMatchObject([
      { request_id: `${id}-2`, quota: 1_500 },
      { request_id: `${id}-1`, quota: 1_500, model_name: model, is_stream: true, status: 200 },
    ])
  })

  it('is charged by tokens, where its provider counts those', async () => {
    const model = await offer({}, { input: '2', output: '8', input_audio: '20' })
    const details = { audio_tokens: 30, text_tokens: 10 }
    const tokens = { input_tokens: 40, output_tokens: 5, input_token_details: details }
    provider.script = writes({ type: 'tokens', total_tokens: 45, ...tokens })
    const key = await gateway.createKey()
    const talking = await named(model, key.key)
    talking.say(updating(model))
    talking.say({ type: 'input_audio_buffer.commit' })
    await talking.hears(COMPLETED)
    talking.socket.close()
    expect(await records(key)).toMatchObject([
      { quota: 10 + 300 + 20, prompt_tokens: 40, completion_tokens: 5, audio_tokens: 30 },
    ])
  })

  it('is charged by its sound, where its provider says nothing of what it used', async () => {
    const model = await offer({}, BY_TIME)
    provider.script = writes(undefined)
    const key = await gateway.createKey()
    const talking = await named(model, key.key)
    talking.say(appending(20))
    talking.say({ type: 'input_audio_buffer.commit' })
    await talking.hears(COMPLETED)
    talking.socket.close()
    expect(await records(key)).toMatchObject([{ quota: 10_000, estimated: true, status: 200 }])
  })

  it('says its model in the former form, too', async () => {
    const model = await offer({}, BY_TIME)
    const { key } = await gateway.createKey()
    const talking = await unnamed(key, { 'openai-beta': 'realtime=v1' })
    await talking.hears('transcription_session.created')
    const said = { input_audio_transcription: { model } }
    talking.say({ type: 'transcription_session.update', session: said })
    await expect.poll(() => provider.sessions.at(-1)?.events.at(-1)?.session).toEqual(said)
    expect(last().request.headers['openai-beta']).toBe('realtime=v1')
    talking.socket.close()
  })

  it('may name its model in the query, which only imitators of OpenAI hear of', async () => {
    const { key } = await gateway.createKey()
    for (const [type, path] of [
      ['openai', PATH],
      ['azure', '/openai/v1/realtime?intent=transcription'],
      ['openai-compatible', '/v1/realtime?model=theirs&intent=transcription'],
    ] as const) {
      const base_url = type === 'azure' ? provider.url : `${provider.url}/v1`
      const model_mapping = { [nextModel()]: 'theirs' }
      const model = await offer({ type, base_url, model_mapping }, BY_TIME)
      const talking = await named(model, key)
      await talking.hears('session.created')
      expect(last().request.url).toBe(path)
      talking.say(updating(model))
      await expect.poll(() => last().events).toEqual([updating('theirs')])
      talking.socket.close()
    }
  })

  it('has its model and its kind to the end, and nobody who answers', async () => {
    const model = await offer({}, BY_TIME)
    const another = await offer({}, BY_TIME)
    const key = await gateway.createKey({
      ...{ model_limits_enabled: true, model_limits: `${model},${another}` },
    })
    const talking = await named(model, key.key)
    await talking.hears('session.created')
    for (const [event, code] of [
      [updating(another), 'unsupported_parameter'],
      [updating('forbidden'), 'model_not_allowed'],
      [updating(model, 'realtime'), 'unsupported_parameter'],
      [{ type: 'response.create', event_id: 'mine' }, 'unsupported_parameter'],
    ] as const) {
      talking.say(event)
      expect((await talking.hears('error')).error).toMatchObject({ code, event_id: 'mine' })
    }
    expect(last().events).toEqual([])
    talking.socket.close()
    const answering = await talk({
      ...{ url, path: `/v1/realtime?model=${model}`, options: bearer(key.key) },
    })
    answering.say(updating(model))
    const { error } = await answering.hears('error')
    expect(error.message).toContain('/v1/realtime?intent=transcription')
    answering.socket.close()
  })
})

describe('before its model is known', () => {
  it('it is told what is wrong, and stays', async () => {
    const model = await offer({}, BY_TIME)
    const { key } = await gateway.createKey()
    const talking = await unnamed(key)
    const calls = provider.sessions.length
    for (const event of [
      appending(1),
      { type: 'session.update', session: { type: 'transcription' } },
      updating(7),
      '{"type":"session.update","type":"x"}',
      'nonsense',
    ]) {
      talking.say(event)
      expect((await talking.hears('error')).error.code).toBe('invalid_request')
    }
    talking.socket.ping('there?')
    await new Promise((resolve) => talking.socket.once('pong', resolve))
    expect(provider.sessions.length).toBe(calls)
    talking.say(updating(model))
    await expect.poll(() => provider.sessions.length).toBe(calls + 1)
    talking.socket.close()
  })

  it('each check of its model ends it', async () => {
    const model = await offer({}, BY_TIME)
    const limits = { model_limits_enabled: true, model_limits: model }
    await gateway.createChannel({ models: ['scribe-unpriced'] })
    await gateway.offer('scribe-elsewhere', undefined, { channel: { type: 'anthropic' } })
    const busy = await gateway.createKey({ max_concurrent: 1 })
    const talking = await named(model, busy.key)
    const calls = provider.sessions.length
    for (const [key, asked, code] of [
      [await gateway.createKey(limits), 'other', 'model_not_allowed'],
      [await gateway.createKey(), 'nobody', 'model_not_found'],
      [await gateway.createKey(), 'scribe-unpriced', 'price_missing'],
      [await gateway.createKey({ remain_quota: HELD - 1 }), model, 'quota_exhausted'],
      [await gateway.createKey(), 'scribe-elsewhere', 'unsupported_parameter'],
      [await gateway.createKey(), 'x'.repeat(300), 'invalid_request'],
      [busy, model, 'rate_limited'],
    ] as const) {
      const other = await unnamed(key.key)
      other.say(updating(asked))
      expect(await refusal(other), asked).toEqual([code, 1008])
    }
    const revoked = await gateway.createKey()
    const other = await unnamed(revoked.key)
    await gateway.manage('PUT', '/api/token/', { id: revoked.id, status: 2 })
    other.say(updating(model))
    expect(await refusal(other)).toEqual(['key_disabled', 1008])
    expect(provider.sessions.length).toBe(calls)
    talking.socket.close()
    // What can be told before, is.
    const broke = await gateway.createKey({ status: 1, remain_quota: 0 })
    await gateway.manage('PUT', '/api/token/', { id: broke.id, status: 2 })
    const early = await refusedAt({ url, path: PATH, options: bearer(broke.key) })
    expect([early.status, early.json.error.code]).toEqual([401, 'key_disabled'])
    const wrong = await refusedAt({ url, path: '/v1/realtime?intent=x', options: bearer(busy.key) })
    expect([wrong.status, wrong.json.error.code]).toEqual([400, 'unsupported_parameter'])
  })

  it('it hears what its provider says when that does not open', async () => {
    const model = await offer({}, BY_TIME)
    const key = await gateway.createKey()
    provider.refuses = (request, response) => {
      const secret = request.headers.authorization
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(`{"error":{"message":"not with ${secret}","type":"theirs"}}`)
      return true
    }
    const refused = await unnamed(key.key)
    refused.say(updating(model))
    const { error } = await refused.hears('error')
    expect(error).toMatchObject({ code: 'theirs' })
    expect(error.message).toContain('not with Bearer [key]')
    expect((await refused.closed).code).toBe(1008)
    await expect.poll(() => records(key)).toMatchObject([{ status: 400, quota: 0 }])
    provider.refuses = (request) => request.socket.destroy() !== undefined
    const broken = await unnamed(key.key)
    broken.say(updating(model))
    expect(await refusal(broken)).toEqual(['upstream_unreachable', 1011])
  })

  it('it is ended when it says nothing for too long', async () => {
    const { key } = await gateway.createKey()
    await gateway.manage('PUT', '/api/setting/', { 'realtime.idle_ms': 1_000 })
    onTestFinished(() =>
      gateway.manage('PUT', '/api/setting/', { 'realtime.idle_ms': 900_000 }).then(() => undefined),
    )
    expect(await refusal(await unnamed(key))).toEqual(['session_expired', 1000])
  })

  it('it is ended when the gateway stops', async () => {
    const database = await newDatabase()
    onTestFinished(() => database.remove())
    const other = await startGateway({ database })
    const { key } = await other.createKey()
    const talking = await talk({ url: other.url, path: PATH, options: bearer(key) })
    const closing = other.close()
    expect(await refusal(talking)).toEqual(['draining', 1012])
    await closing
  })
})

describe('units', () => {
  it('are held for each minute of sound, before it is passed on', async () => {
    const model = await offer({}, BY_TIME)
    const key = await gateway.createKey({ remain_quota: 3 * HELD - 1 })
    const talking = await named(model, key.key)
    await talking.hears('session.created')
    for (let length = 0; length < 110; length += 22) talking.say(appending(22))
    await expect.poll(() => sound()).toHaveLength(5)
    expect(talking.socket.readyState).toBe(1)
    talking.say(appending(22))
    expect(await refusal(talking)).toEqual(['quota_reserved', 1008])
    expect(sound()).toHaveLength(5)
    // Nothing of it was written down.
    await expect.poll(() => last().socket.readyState).toBe(3)
    expect(await gateway.keyRecord(key.id)).toMatchObject({ used_quota: 0 })
  })

  it('are free again when a turn is paid for', async () => {
    const model = await offer({}, BY_TIME)
    const key = await gateway.createKey({ remain_quota: 3 * HELD + 10_000 })
    provider.script = writes({ type: 'duration', seconds: 10 })
    const talking = await named(model, key.key)
    for (const _ of [1, 2]) {
      for (let length = 0; length < 132; length += 22) talking.say(appending(22))
      talking.say({ type: 'input_audio_buffer.commit' })
      await talking.hears(COMPLETED)
    }
    expect(await gateway.keyRecord(key.id)).toMatchObject({ used_quota: 10_000 })
    // One minute is held now, so that there is one for each of two other sessions, and none for a third.
    const others = [await named(model, key.key), await named(model, key.key)]
    const path = `${PATH}&model=${model}`
    const third = await refusedAt({ url, path, options: bearer(key.key) })
    expect([third.status, third.json.error.code]).toEqual([429, 'quota_reserved'])
    for (const one of [talking, ...others]) one.socket.close()
  })

  it('end a session that has used them up, and never go below nothing', async () => {
    const model = await offer({}, BY_TIME)
    const key = await gateway.createKey({ remain_quota: HELD })
    provider.script = writes({ type: 'duration', seconds: 100 })
    const talking = await named(model, key.key)
    talking.say({ type: 'input_audio_buffer.commit' })
    await talking.hears(COMPLETED)
    expect(await refusal(talking)).toEqual(['quota_exhausted', 1008])
    expect(await records(key)).toMatchObject([{ quota: HELD, shortfall: 50_000 - HELD }])
    expect(await gateway.keyRecord(key.id)).toMatchObject({ remain_quota: 0 })
  })

  it('are charged for what was read, when its client leaves', async () => {
    const model = await offer({}, BY_TIME)
    const key = await gateway.createKey()
    const talking = await named(model, key.key)
    talking.say(updating(model))
    talking.say(appending(20))
    await expect.poll(() => sound()).toHaveLength(1)
    last().say({ type: DELTA, item_id: 'a', delta: 'Hello' })
    await talking.hears(DELTA)
    talking.socket.terminate()
    const left = { quota: 10_000, estimated: true, status: 499, model_name: model }
    await expect.poll(() => records(key), { timeout: 5_000 }).toMatchObject([left])
  })
})
