import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { asking } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const EVENTS = 40
await gateway.offer('slow', streams({ events: EVENTS, gapMs: 20 }))
await gateway.offer('never', () => undefined)

const put = (id: number, fields: object) => gateway.manage('PUT', '/api/token/', { id, ...fields })
const setTo = (streaming: 'cut' | 'finish') =>
  gateway.manage('PUT', '/api/setting/', { 'revocation.streams': streaming })

/** A stream of which three events have come, and its call at the upstream. */
async function begun(key: string, model = 'slow') {
  const arrived = upstream.next()
  const response = await gateway.open(asking(model, { stream: true }), key)
  const reader = readEvents(response)
  for (let n = 0; n < 3; n++) await reader.next()
  return { requestId: response.headers.get('x-request-id') ?? '', reader, call: await arrived }
}

/** The last event of a stream that is cut. It ends in order, so that the event is sure to arrive. */
async function lastWords(reader: ReturnType<typeof readEvents>) {
  return JSON.parse((await reader.rest()).at(-1) ?? '')
}

/** Charges of calls that nobody waits for are written a little later. */
async function usageOf(requestId: string) {
  for (;;) {
    const usage = await gateway.usageOf(requestId)
    if (usage !== undefined) return usage
    await pause(5)
  }
}

/** What each change takes from a key, and what its running calls hear. */
const revocations: [string, string, (id: number) => Promise<unknown>][] = [
  ['disabled', 'key_disabled', (id) => put(id, { status: 2 })],
  ['deleted', 'key_unknown', (id) => gateway.manage('DELETE', `/api/token/${id}`)],
  ['marked expired', 'key_expired', (id) => put(id, { status: 3 })],
  ['marked exhausted', 'quota_exhausted', (id) => put(id, { status: 4 })],
  ['made to expire in the past', 'key_expired', (id) => put(id, { expired_time: 1 })],
  ['kept from this address', 'ip_not_allowed', (id) => put(id, { allow_ips: '203.0.113.9' })],
  [
    'kept from this model',
    'model_not_allowed',
    (id) => put(id, { model_limits_enabled: true, model_limits: 'another' }),
  ],
]

describe('with revocation.streams = cut', () => {
  beforeAll(() => setTo('cut'))

  it.each(revocations)('the stream of a key that is %s ends with %s', async (_, code, revoke) => {
    const { id, key } = await gateway.createKey()
    const { requestId, reader, call } = await begun(key)
    await revoke(id)
    const last = await lastWords(reader)
    expect(last).toMatchObject({ error: { code, type: 'comet_api_error' } })
    expect(last.error.message).toContain(requestId)
    expect(await call.over).toBe('aborted')
    const usage = await usageOf(requestId)
    expect(usage).toMatchObject({ status: 200, error_code: code, estimated: true })
    expect(usage.completion_tokens).toBeGreaterThan(0)
    expect(usage.completion_tokens).toBeLessThan(EVENTS * 2)
    expect(usage.quota).toBe(Number(usage.prompt_tokens) + 4 * Number(usage.completion_tokens))
  })

  it('the streams of a suspended account end, all of them and no others', async () => {
    const other = await newCaller(gateway)
    const [one, two] = [
      await other.create({ remain_quota: 100_000 }),
      await other.create({ remain_quota: 100_000 }),
    ]
    const { key } = await gateway.createKey()
    const [first, second, kept] = [await begun(one.key), await begun(two.key), await begun(key)]
    await gateway.manage('PUT', `/api/user/${other.accountId}`, { status: 2 })
    for (const { reader } of [first, second]) {
      expect((await lastWords(reader)).error.code).toBe('account_suspended')
    }
    expect((await kept.reader.rest()).at(-1)).toBe('[DONE]')
  })

  it('no call of a key outlives its revocation, however they race', async () => {
    const { id, key } = await gateway.createKey()
    const opening = Array.from({ length: 40 }, async (_, at) => {
      await pause(at)
      return gateway.open(asking('slow', { stream: true }), key)
    })
    await pause(15)
    await put(id, { status: 2 })
    const words = opening.map(async (opened) => {
      const response = await opened
      if (response.status !== 200) return response.headers.get('x-error-code')
      return (await lastWords(readEvents(response))).error.code
    })
    expect(new Set(await Promise.all(words))).toEqual(new Set(['key_disabled']))
  })

  it('a plain call is answered with the refusal, and costs nothing before its first byte', async () => {
    const { id, key } = await gateway.createKey()
    const arrived = upstream.next()
    const answer = gateway.call(asking('never'), key)
    const call = await arrived
    await put(id, { status: 2 })
    expect((await answer).status).toBe(401)
    expect((await answer).json.error.code).toBe('key_disabled')
    expect((await answer).headers.get('x-error-code')).toBe('key_disabled')
    expect(await call.over).toBe('aborted')
    expect(await usageOf((await answer).requestId)).toMatchObject({ status: 401, quota: 0 })
  })

  it('no other channel is tried for a call that was cut', async () => {
    const { id, key } = await gateway.createKey()
    await gateway.createChannel({ models: ['never'], name: 'second' })
    const arrived = upstream.next()
    const answer = gateway.call(asking('never'), key)
    await arrived
    const calls = upstream.calls.length
    await put(id, { status: 2 })
    expect((await answer).status).toBe(401)
    expect(upstream.calls.length).toBe(calls)
  })

  it('its places under limits are free again', async () => {
    const { id, key } = await gateway.createKey({ max_concurrent: 1, tpm_limit: 5_000 })
    const { reader } = await begun(key)
    await put(id, { status: 2 })
    await lastWords(reader)
    await put(id, { status: 1 })
    const after = await gateway.call(asking('slow', { max_tokens: 10 }), key)
    expect(after.status).toBe(200)
    expect(Number(after.headers.get('x-ratelimit-remaining-tokens'))).toBeGreaterThan(4_500)
  })

  it.each<[string, (id: number) => Promise<unknown>]>([
    ['is renamed', (id) => put(id, { name: 'renamed' })],
    ['has another quota', (id) => put(id, { remain_quota: 900_000 })],
    ['is rotated', (id) => gateway.manage('POST', `/api/token/${id}/rotate`, { grace_seconds: 0 })],
  ])('the stream of a key that %s goes on', async (_, change) => {
    const { id, key } = await gateway.createKey()
    const { reader } = await begun(key)
    const changed = await change(id)
    if (changed !== undefined) gateway.secret(String(Reflect.get(Object(changed), 'key')))
    expect((await reader.rest()).at(-1)).toBe('[DONE]')
  })

  it('a client that takes nothing hears of it too, and its provider is let go', async () => {
    await gateway.offer('flood', streams({ events: 400, padding: 65_536 }))
    const { id, key } = await gateway.createKey()
    const arrived = upstream.next()
    const response = await gateway.open(asking('flood', { stream: true }), key)
    const call = await arrived
    // Until the kernel takes no more: what is accepted stands still.
    for (let before = -1; before !== call.accepted; await pause(100)) before = call.accepted
    await put(id, { status: 2 })
    expect(await call.over).toBe('aborted')
    expect((await lastWords(readEvents(response))).error.code).toBe('key_disabled')
  })
})

describe('with revocation.streams = finish', () => {
  beforeAll(() => setTo('finish'))

  it.each(revocations)(
    'the stream of a key that is %s comes to its end',
    async (_, _code, revoke) => {
      const { id, key } = await gateway.createKey()
      const { requestId, reader, call } = await begun(key)
      await revoke(id)
      const events = await reader.rest()
      expect(events.at(-1)).toBe('[DONE]')
      expect(await call.over).toBe('answered')
      expect(await usageOf(requestId)).toMatchObject({
        status: 200,
        error_code: '',
        quota: 10 + 5 * 4,
      })
    },
  )
})
