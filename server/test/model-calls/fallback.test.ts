import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { refuses, resets, says } from '../tools/bad-scripts.ts'
import { asking, type Fields } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { freePort } from '../tools/free-port.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { manage, upstream } = gateway
await manage('PUT', '/api/setting/', {
  'limits.manage_per_minute': 1_000_000,
  // How often is tried again at most has tests of its own.
  'routing.retry_percent': 1_000,
})
/** 10 tokens in, 5 out: 30 units at PRICE, 60 of a model that is twice as dear. */
const works: Script = (call, response) =>
  (call.json?.stream === true ? streams({ events: 3 }) : answers())(call, response)
const fails = refuses(500, 'this one is out of order')
const TWICE = { input: '4', output: '16' }
const DEAR = { input: '2000', output: '8000' }

await gateway.offer('good', works)
await gateway.offer('twice', works, { price: TWICE })
await gateway.offer('dear', works, { price: DEAR })
await gateway.offer('unpriced', works, { price: null })
await gateway.offer('broken', fails)
const unreachable = `http://127.0.0.1:${await freePort()}/v1`

/** The setting, for the models of one test. */
const fallBack = (lists: Record<string, string[]>) =>
  manage('PUT', '/api/setting/', { 'routing.fallback_models': lists })

/** One call: what it was answered, which models the provider heard of, and what the books say. */
async function called(key: string, model: string, more: Fields = { max_tokens: 100 }) {
  const before = upstream.calls.length
  const answer = await gateway.call(asking(model, more), key)
  const heard = upstream.calls.slice(before).map(({ json }) => json?.model)
  let usage = await gateway.usageOf(answer.requestId)
  // The records of calls that were not answered are written a little later.
  while (usage === undefined && heard.length > 0) {
    await pause(5)
    usage = await gateway.usageOf(answer.requestId)
  }
  return { answer, status: answer.status, heard, usage, by: answer.headers.get('x-turnpike-model') }
}

describe('when nobody serves the asked model', () => {
  it('the first model that somebody serves answers, and is paid for', async () => {
    const fields = { fallback_models: ['nobody-has-it', 'unpriced', 'twice', 'good'] }
    const { id, key } = await gateway.createKey(fields)
    const got = await called(key, 'absent')
    expect(got).toMatchObject({ status: 200, by: 'twice', heard: ['twice'] })
    expect(got.answer.headers.get('x-turnpike-cost')).toBe('60')
    expect(got.answer.headers.get('x-turnpike-attempts')).toBeNull()
    expect(got.usage).toMatchObject({
      ...{ model_name: 'twice', requested_model: 'absent', quota: 60, attempts: 1, status: 200 },
    })
    expect(await gateway.keyRecord(id)).toMatchObject({ ...fields, used_quota: 60 })
  })

  it('nothing of the body changes but the model, and nothing of the answer', async () => {
    const { key } = await gateway.createKey({ fallback_models: ['good'] })
    const body = '{ "messages" : [{"role":"user","content":"\\u0041"}],  "model":"absent" , "n":1}'
    const answer = await gateway.call(body, key)
    expect(upstream.calls.at(-1)?.body.toString()).toBe(body.replace('"absent"', '"good"'))
    expect(answer.json.model).toBe('good')
  })

  it('a mapped name is that of the fallback', async () => {
    upstream.on('upstream-name', works)
    await manage('PUT', '/api/price/mapped', TWICE)
    const mapping = { mapped: 'upstream-name', absent: 'not-this-one' }
    await gateway.createChannel({ models: ['mapped'], model_mapping: mapping })
    const { key } = await gateway.createKey({ fallback_models: ['mapped'] })
    expect(await called(key, 'absent')).toMatchObject({ by: 'mapped', heard: ['upstream-name'] })
  })

  it('no header is broken by what a model is called', async () => {
    await gateway.offer('模型 ü', works)
    const { key } = await gateway.createKey({ fallback_models: ['模型 ü'] })
    const { by, usage } = await called(key, 'absent')
    expect(decodeURIComponent(by ?? '')).toBe('模型 ü')
    expect(usage).toMatchObject({ model_name: '模型 ü' })
  })

  it('the refusal is about the asked model when none of them is served', async () => {
    const { key } = await gateway.createKey({ fallback_models: ['also-absent', 'absent'] })
    const { status, answer } = await called(key, 'absent')
    expect(status).toBe(404)
    expect(answer.json.error.message).toContain('nobody serves "absent"')
    const unpriced = await called(key, 'unpriced')
    expect([unpriced.status, unpriced.answer.json.error.code]).toEqual([403, 'price_missing'])
  })

  it('it is not listed: a name that only falls back is no model', async () => {
    await fallBack({ alias: ['good'] })
    const { key } = await gateway.createKey()
    expect(await called(key, 'alias')).toMatchObject({ status: 200, by: 'good' })
    const list = await gateway.call('', key, { path: '/v1/models', method: 'GET' })
    const ids = list.json.data.map(({ id }: { id: string }) => id)
    expect(ids).toContain('good')
    expect(ids).not.toContain('alias')
    const one = await gateway.call('', key, { path: '/v1/models/alias', method: 'GET' })
    expect(one.status).toBe(404)
  })
})

describe('when the asked model fails', () => {
  const ways: [string, Script, Fields][] = [
    ['with 500', fails, {}],
    ['with 429', refuses(429, 'too many'), {}],
    ['by refusing our key', refuses(401, 'who are you?'), {}],
    ['because the provider does not know it', refuses(404, 'no', { code: 'model_not_found' }), {}],
    ['with a reset', resets, {}],
    ['with what is no answer', says(200, 'Hello'), {}],
    ['because nobody listens', fails, { base_url: unreachable }],
  ]

  it.each(ways.flatMap((way) => [[...way, false] as const, [...way, true] as const]))(
    '%s, the next one answers',
    async (name, script, channel, stream) => {
      const asked = `fails-${name}-${stream}`.replaceAll(' ', '-')
      await gateway.offer(asked, script, { channel })
      const { key } = await gateway.createKey({ fallback_models: [asked, 'twice', 'good'] })
      const got = await called(key, asked, { max_tokens: 10, stream })
      const heard = 'base_url' in channel ? ['twice'] : [asked, 'twice']
      expect(got).toMatchObject({ status: 200, by: 'twice', heard })
      expect(got.answer.headers.get('x-turnpike-attempts')).toBe('2')
      expect(got.usage).toMatchObject({ model_name: 'twice', requested_model: asked, attempts: 2 })
      const { quota, prompt_tokens: input, completion_tokens: output } = { ...got.usage } as Fields
      expect(quota).toBe(Number(input) * 2 + Number(output) * 8)
      if (stream) expect(got.answer.text).toContain('data: [DONE]')
    },
  )

  it.each([400, 422])('with %i, it is for the caller to mend', async (status) => {
    await gateway.offer(`says-${status}`, refuses(status, 'no such parameter'))
    const { key } = await gateway.createKey({ fallback_models: ['good'] })
    const got = await called(key, `says-${status}`)
    expect(got).toMatchObject({ status, by: null, heard: [`says-${status}`] })
    expect(got.usage).toMatchObject({ model_name: `says-${status}`, requested_model: '' })
  })

  it('a channel that has failed with one model is tried with another one', async () => {
    upstream.on('first-of-two', fails)
    upstream.on('second-of-two', works)
    for (const model of ['first-of-two', 'second-of-two'])
      await manage('PUT', `/api/price/${model}`, TWICE)
    await gateway.createChannel({ models: ['first-of-two', 'second-of-two'] })
    const { key } = await gateway.createKey({ fallback_models: ['second-of-two'] })
    const got = await called(key, 'first-of-two')
    expect(got).toMatchObject({ status: 200, heard: ['first-of-two', 'second-of-two'] })
  })

  it('and the others too, the client is told of the asked one', async () => {
    await gateway.offer('last-straw', refuses(400, 'this is about another model'))
    const { key } = await gateway.createKey({ fallback_models: ['last-straw', 'good'] })
    const got = await called(key, 'broken')
    expect(got).toMatchObject({ status: 500, by: null, heard: ['broken', 'last-straw'] })
    expect(got.answer.json.error.message).toBe('this one is out of order')
    expect(got.usage).toMatchObject({ requested_model: 'broken', quota: 0, status: 500 })
  })

  it('its breaker opens, and the fallback is asked at once', async () => {
    const asked = await gateway.offer('worn-out', fails)
    const { key } = await gateway.createKey({ fallback_models: ['good'] })
    let got = await called(key, asked)
    for (let call = 0; got.heard.includes(asked) && call < 20; call++)
      got = await called(key, asked)
    expect(got).toMatchObject({ status: 200, by: 'good', heard: ['good'] })
    expect(got.answer.headers.get('x-turnpike-attempts')).toBeNull()
    const plain = await gateway.createKey()
    expect((await called(plain.key, asked)).status).toBe(503)
  })
})

describe('which models are tried', () => {
  it('the key’s own list, else its group’s, else the model’s', async () => {
    await manage('POST', '/api/group/', { name: 'lists', ratio: 3, fallback_models: ['of-group'] })
    const asked = await gateway.offer('in-three-lists', fails, { channel: { groups: ['lists'] } })
    for (const model of ['of-key', 'of-group', 'of-model'])
      await gateway.offer(model, works, { channel: { groups: ['lists'] } })
    await fallBack({ [asked]: ['of-model'] })
    await manage('PUT', `/api/user/1`, { groups: ['lists', 'auto'] })
    const own = await gateway.createKey({ group: 'lists', fallback_models: ['of-key'] })
    const { key } = await gateway.createKey({ group: 'lists' })
    const auto = { group: 'auto', auto_groups: ['default', 'lists'] }
    const walking = await gateway.createKey(auto)
    const first = await called(own.key, asked)
    expect(first).toMatchObject({ by: 'of-key', usage: { group: 'lists', quota: 90 } })
    await manage('PUT', '/api/token/', { id: own.id, fallback_models: [] })
    expect(await called(own.key, asked)).toMatchObject({ by: 'of-group' })
    expect(await called(key, asked)).toMatchObject({ by: 'of-group' })
    expect(await called(walking.key, asked)).toMatchObject({ by: 'of-group' })
    await manage('PUT', '/api/group/lists', { fallback_models: [] })
    expect(await called(key, asked)).toMatchObject({ by: 'of-model' })
    await fallBack({})
    expect(await called(key, asked)).toMatchObject({ status: 503, by: null })
  })

  it('fallbacks have none of their own', async () => {
    await gateway.offer('one', fails)
    await gateway.offer('two', fails)
    await fallBack({ one: ['two'], two: ['good'] })
    const { key } = await gateway.createKey()
    expect(await called(key, 'one')).toMatchObject({ status: 500, heard: ['one', 'two'] })
    expect(await called(key, 'two')).toMatchObject({ status: 200, heard: ['two', 'good'] })
  })

  it('none that the key may not use, whoever names it', async () => {
    await fallBack({ broken: ['twice', 'good'] })
    const limits = { model_limits_enabled: true, model_limits: 'broken, good' }
    const { key } = await gateway.createKey(limits)
    expect(await called(key, 'broken')).toMatchObject({ by: 'good', heard: ['broken', 'good'] })
    await fallBack({ nowhere: ['twice', 'good'] })
    const fields = { ...limits, model_limits: 'nowhere,good' }
    const absent = await gateway.createKey(fields)
    expect(await called(absent.key, 'nowhere')).toMatchObject({ by: 'good', heard: ['good'] })
    // What it may not ask for does not fall back either.
    const refused = await called(key, 'absent')
    expect([refused.status, refused.answer.json.error.code]).toEqual([403, 'model_not_allowed'])
  })

  it('a dearer one is skipped when its units can not be had', async () => {
    const fallback_models = ['dear', 'twice']
    const { id, key } = await gateway.createKey({ fallback_models, remain_quota: 2_000 })
    const got = await called(key, 'broken')
    expect(got).toMatchObject({ status: 200, by: 'twice', heard: ['broken', 'twice'] })
    const poor = await gateway.createKey({ fallback_models: ['dear'], remain_quota: 2_000 })
    expect(await called(poor.key, 'broken')).toMatchObject({ status: 500, heard: ['broken'] })
    const absent = await called(poor.key, 'absent')
    expect([absent.status, absent.answer.json.error.code]).toEqual([403, 'quota_exhausted'])
    expect(absent.answer.json.error.message).toContain('100 output tokens asked')
    expect(await called(key, 'absent')).toMatchObject({ status: 200, by: 'twice' })
    const { remain_quota, used_quota } = await gateway.keyRecord(id)
    expect([remain_quota, used_quota]).toEqual([1_880, 120])
  })

  it('a limit that the asked model needed is not said to one that writes less', async () => {
    // 4 096 tokens are the most that it writes.
    const small = await gateway.offer('claude-3-haiku-small', works)
    const { key } = await gateway.createKey({ fallback_models: [small], remain_quota: 200_000 })
    const got = await called(key, 'broken', {})
    const [first, second] = upstream.calls.slice(-2).map(({ json }) => json?.max_tokens)
    expect(first).toBeGreaterThan(4_096)
    expect(second).toBeUndefined()
    expect(got.answer.headers.get('x-turnpike-output-limit')).toBeNull()
  })
})

it('a stream by a fallback ends when its key may no longer use that model', async () => {
  await gateway.offer('slow-fallback', streams({ events: 100, gapMs: 20 }))
  await manage('PUT', '/api/setting/', { 'revocation.streams': 'cut' })
  await fallBack({ absent: ['slow-fallback'] })
  const { id, key } = await gateway.createKey()
  const response = await gateway.open(asking('absent', { stream: true }), key)
  const reader = readEvents(response)
  await reader.next()
  const limits = { model_limits_enabled: true, model_limits: 'absent' }
  await manage('PUT', '/api/token/', { id, ...limits })
  const [last = '{}'] = (await reader.rest()).slice(-1)
  expect(JSON.parse(last).error.code).toBe('model_not_allowed')
  await manage('PUT', '/api/setting/', { 'revocation.streams': 'finish' })
})

describe('lists that make no sense are refused', () => {
  const nine = Array.from({ length: 9 }, (_, at) => `m-${at}`)
  const bad: [unknown, string][] = [
    [nine, '8'],
    [['a', 'a'], 'twice'],
    [[' a'], 'blanks'],
    [[''], 'fallback_models'],
    [['ü'.repeat(129)], '256 bytes'],
    ['a', 'fallback_models'],
    [[1], 'fallback_models'],
    [{ a: 'b' }, 'fallback_models'],
  ]

  it.each(bad)('%j, of keys and groups', async (fallback_models, because) => {
    for (const [path, name] of [
      ['/api/token/', 'bad'],
      ['/api/group/', 'bad-list'],
    ] as const) {
      const { json } = await gateway.api('POST', path, { name, fallback_models })
      expect(json).toMatchObject({ success: false, code: 'invalid_field' })
      expect(json.message).toContain(because)
    }
  })

  it.each([
    [{ a: nine }, 'at most 8'],
    [{ a: ['a'] }, 'the model itself'],
    [{ a: ['b', 'b'] }, 'twice'],
    [{ a: 'b' }, 'routing.fallback_models'],
    [[], 'routing.fallback_models'],
    [{ ' a': ['b'] }, 'blanks'],
  ])('%j, of the setting', async (lists, because) => {
    const sent = { 'routing.fallback_models': lists }
    const { json } = await gateway.api('PUT', '/api/setting/', sent)
    expect(json).toMatchObject({ success: false, code: 'invalid_field' })
    expect(json.message).toContain(because)
  })

  it('a key names none that it may not use', async () => {
    const limits = { model_limits_enabled: true, model_limits: 'a,b' }
    const sent = { name: 'bad', ...limits, fallback_models: ['b', 'c'] }
    const { json } = await gateway.api('POST', '/api/token/', sent)
    expect(json).toMatchObject({ success: false, code: 'invalid_field' })
    expect(json.message).toContain('"c", which is not in model_limits')
    const { id } = await gateway.createKey({ ...limits, fallback_models: ['b'] })
    for (const change of [{ fallback_models: ['c'] }, { model_limits: 'a' }]) {
      const put = await gateway.api('PUT', '/api/token/', { id, ...change })
      expect(put.json).toMatchObject({ success: false, code: 'invalid_field' })
    }
    const both = { id, model_limits: 'a,c', fallback_models: ['c'] }
    expect(await manage('PUT', '/api/token/', both)).toMatchObject({ fallback_models: ['c'] })
    await manage('PUT', '/api/token/', { id, model_limits_enabled: false, fallback_models: ['z'] })
    const rotated = await gateway.api('POST', `/api/token/${id}/rotate`, {})
    gateway.secret(rotated.json.data.key)
    expect(rotated.json.data.fallback_models).toEqual(['z'])
  })
})
