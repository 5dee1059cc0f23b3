import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { asking } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, sendJson, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
await gateway.offer('quick', answers({ usage: { prompt: 10, completion: 10 } }))
await gateway.offer('broken', (_, response) =>
  sendJson(response, 400, { error: { message: 'no', type: 'invalid_request_error' } }),
)

const put = (id: number, fields: object) => gateway.manage('PUT', '/api/token/', { id, ...fields })
const headersOf = (headers: Headers, of: 'requests' | 'tokens') =>
  ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}-${of}`))
/** What a short call without an output limit is expected to need is more than that limit. */
const SMALL = asking('quick', { max_tokens: 100 })

describe('rpm_limit', () => {
  it('serves so many in any 60 seconds, and says what is left, as OpenAI does', async () => {
    const { key } = await gateway.createKey({ rpm_limit: 3 })
    const first = await gateway.call(SMALL, key)
    expect(headersOf(first.headers, 'requests')).toEqual([
      '3',
      '2',
      expect.stringMatching(/^59\.\d+s$|^1m0s$/),
    ])
    expect(headersOf(first.headers, 'tokens')).toEqual([null, null, null])
    gateway.advance(30)
    expect((await gateway.call(SMALL, key)).status).toBe(200)
    expect((await gateway.call(SMALL, key)).headers.get('x-ratelimit-remaining-requests')).toBe('0')

    const calls = upstream.calls.length
    const refused = await gateway.call(SMALL, key)
    expect([refused.status, refused.json.error.code]).toEqual([429, 'rate_limited'])
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(25)
    expect(wait).toBeLessThanOrEqual(30)
    expect(refused.json.error.message).toContain(
      `this API key may make 3 requests a minute (rpm_limit), and made them: try again in ${wait} s`,
    )
    expect(refused.headers.get('x-should-retry')).toBeNull()
    expect(headersOf(refused.headers, 'requests')?.slice(0, 2)).toEqual(['3', '0'])
    expect(upstream.calls.length).toBe(calls)

    gateway.advance(wait)
    expect((await gateway.call(SMALL, key)).status).toBe(200)
    expect((await gateway.call(SMALL, key)).status).toBe(429)
  })

  it('is exact however many come at once', async () => {
    const { key } = await gateway.createKey({ rpm_limit: 20 })
    const all = await Promise.all(Array.from({ length: 60 }, () => gateway.call(SMALL, key)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(all.filter(({ status }) => status === 429)).toHaveLength(40)
  })

  it('of an account counts all of its keys, each of which may have one of its own', async () => {
    const other = await newCaller(gateway, { account: { rpm_limit: 3 } })
    const [one, two] = [await other.create({ rpm_limit: 2 }), await other.create()]
    const statuses: number[] = []
    for (const { key } of [one, one, one, two, two]) {
      const { status } = await gateway.call(asking('quick', { max_tokens: 1 }), key)
      statuses.push(status)
    }
    expect(statuses).toEqual([200, 200, 429, 200, 429])
    const refused = await gateway.call(SMALL, two.key)
    expect(refused.json.error.message).toContain('the account of this API key may make 3 requests')
    expect(headersOf(refused.headers, 'requests')?.slice(0, 2)).toEqual(['3', '0'])
  })

  it('counts from the answer of its change on, and not any more when it was taken away', async () => {
    const { id, key } = await gateway.createKey()
    const none = await gateway.call(SMALL, key)
    expect(headersOf(none.headers, 'requests')).toEqual([null, null, null])
    await put(id, { rpm_limit: 1 })
    expect((await gateway.call(SMALL, key)).status).toBe(200)
    expect((await gateway.call(SMALL, key)).status).toBe(429)
    await put(id, { rpm_limit: 2 })
    expect((await gateway.call(SMALL, key)).status).toBe(200)
    expect((await gateway.call(SMALL, key)).status).toBe(429)
    expect(await put(id, { rpm_limit: null })).not.toHaveProperty('rpm_limit')
    expect((await gateway.call(SMALL, key)).status).toBe(200)
  })

  it('stands after the model and before the quota, and is not spent by what came before it', async () => {
    const { id, key } = await gateway.createKey({ rpm_limit: 1 })
    for (let n = 0; n < 3; n++) {
      expect((await gateway.call(asking('nobody-serves'), key)).json.error.code).toBe(
        'model_not_found',
      )
    }
    expect((await gateway.call(SMALL, key)).status).toBe(200)
    await put(id, { remain_quota: 0 })
    expect((await gateway.call(SMALL, key)).json.error.code).toBe('rate_limited')
  })

  it('is told with the provider’s own refusals, too', async () => {
    const { key } = await gateway.createKey({ rpm_limit: 5 })
    const refused = await gateway.call(asking('broken'), key)
    expect(refused.status).toBe(400)
    expect(headersOf(refused.headers, 'requests')?.slice(0, 2)).toEqual(['5', '4'])
  })
})

describe('tpm_limit', () => {
  it('counts what is expected, then what was used', async () => {
    const { key } = await gateway.createKey({ tpm_limit: 400 })
    const first = await gateway.call(SMALL, key)
    const left = Number(first.headers.get('x-ratelimit-remaining-tokens'))
    // 100 of output, and a quarter of the bytes of the body.
    expect(400 - left).toBe(100 + Math.ceil(JSON.stringify(SMALL).length / 4))
    const second = await gateway.call(SMALL, key)
    expect(Number(second.headers.get('x-ratelimit-remaining-tokens'))).toBe(left - 20)
  })

  it('refuses what does not fit, with the time when it will', async () => {
    const { key } = await gateway.createKey({ tpm_limit: 300 })
    await gateway.offer('much', answers({ usage: { prompt: 10, completion: 250 } }))
    expect((await gateway.call(asking('much', { max_tokens: 250 }), key)).status).toBe(200)
    const refused = await gateway.call(SMALL, key)
    expect([refused.status, refused.json.error.code]).toEqual([429, 'rate_limited'])
    expect(refused.json.error.message).toMatch(
      /may use 300 tokens a minute \(tpm_limit\), 40 are left, and this call may use 1\d\d: try again in \d+ s/,
    )
    expect(headersOf(refused.headers, 'tokens')?.slice(0, 2)).toEqual(['300', '40'])
    gateway.advance(Number(refused.headers.get('retry-after')))
    expect((await gateway.call(SMALL, key)).status).toBe(200)
  })

  it('gives back what a call was to need that failed before its first byte', async () => {
    const { id, key } = await gateway.createKey({ tpm_limit: 2_000 })
    const left = async () => {
      const { checks } = await gateway.manage('POST', `/api/token/${id}/check`, {})
      return checks.find(({ check }: { check: string }) => check === 'rates').because
    }
    expect((await gateway.call(asking('broken'), key)).status).toBe(400)
    expect(await left()).toContain('2000 tokens left')
    await put(id, { remain_quota: 0 })
    expect((await gateway.call(asking('quick'), key)).json.error.code).toBe('quota_exhausted')
    expect(await left()).toContain('2000 tokens left')
  })
})

describe('max_concurrent', () => {
  it('never lets more at the upstream at once, and all places are free again afterwards', async () => {
    let [running, most] = [0, 0]
    await gateway.offer('slow', async (call, response) => {
      running += 1
      most = Math.max(most, running)
      setTimeout(() => {
        running -= 1
        void answers({ usage: { prompt: 10, completion: 10 } })(call, response)
      }, 30)
      await once(response, 'close')
    })
    const { key } = await gateway.createKey({ max_concurrent: 5 })
    const ask = () => gateway.call(asking('slow', { max_tokens: 10 }), key)
    for (let round = 0; round < 3; round++) {
      const all = await Promise.all(Array.from({ length: 50 }, ask))
      const refused = all.filter(({ status }) => status === 429)
      expect(all.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5)
      expect(refused.length).toBeGreaterThan(0)
      expect(refused[0]?.json.error.message).toContain('5 calls running at a time (max_concurrent)')
      expect(refused[0]?.headers.get('retry-after')).toBe('1')
    }
    expect(most).toBe(5)
  })

  it('has its place again after every ending', async () => {
    const { id, key } = await gateway.createKey({ max_concurrent: 1 })
    const hanging: ServerResponse[] = []
    await gateway.offer('hangs', (_, response) => void hanging.push(response))
    await gateway.offer(
      'breaks',
      streams({ beforeEvent: (index, response) => index === 2 && response.destroy() }),
    )
    const isFree = async () => (await gateway.call(SMALL, key)).status === 200
    // Served, streamed, refused by the provider, refused by us, broken off.
    expect(await isFree()).toBe(true)
    await gateway.offer('flows', streams())
    expect((await gateway.call(asking('flows', { stream: true }), key)).status).toBe(200)
    expect(await isFree()).toBe(true)
    expect((await gateway.call(asking('broken'), key)).status).toBe(400)
    expect(await isFree()).toBe(true)
    await put(id, { remain_quota: 0 })
    expect((await gateway.call(SMALL, key)).json.error.code).toBe('quota_exhausted')
    await put(id, { remain_quota: 1_000_000 })
    expect(await isFree()).toBe(true)
    const broken = await gateway.open(asking('breaks', { stream: true }), key)
    await readEvents(broken)
      .rest()
      .catch(() => undefined)
    expect(await isFree()).toBe(true)
    // The client leaves.
    const leaving = new AbortController()
    const arrived = upstream.next()
    const left = gateway
      .open(asking('hangs'), key, { signal: leaving.signal })
      .catch(() => undefined)
    const { over } = await arrived
    expect(await isFree()).toBe(false)
    leaving.abort()
    await left
    expect(await over).toBe('aborted')
    expect(await isFree()).toBe(true)
  })
})

describe('limits of an account', () => {
  it('are set, shown, kept and taken away', async () => {
    const { id, ...made } = await gateway.manage('POST', '/api/user/', {
      username: 'limited',
      tpm_limit: 5_000,
      max_concurrent: 2,
      rpm_limit: null,
    })
    expect(made).toMatchObject({ tpm_limit: 5_000, max_concurrent: 2 })
    expect(made).not.toHaveProperty('rpm_limit')
    const change = (fields: object) => gateway.manage('PUT', `/api/user/${id}`, fields)
    expect(await change({ rpm_limit: 7 })).toMatchObject({ rpm_limit: 7, tpm_limit: 5_000 })
    expect(await change({ group: 'default' })).toMatchObject({ rpm_limit: 7, max_concurrent: 2 })
    const after = await change({ rpm_limit: null, tpm_limit: null, max_concurrent: null })
    for (const name of ['rpm_limit', 'tpm_limit', 'max_concurrent']) {
      expect(after).not.toHaveProperty(name)
    }
    expect(await gateway.manage('GET', `/api/user/${id}`)).toEqual(after)
  })

  it('keep what another change makes different at the same time', async () => {
    const { id } = await gateway.manage('POST', '/api/user/', { username: 'raced' })
    await Promise.all(
      [{ rpm_limit: 1 }, { tpm_limit: 2 }, { max_concurrent: 3 }, { quota: 5 }].map((fields) =>
        gateway.manage('PUT', `/api/user/${id}`, fields),
      ),
    )
    expect(await gateway.manage('GET', `/api/user/${id}`)).toMatchObject({
      ...{ rpm_limit: 1, tpm_limit: 2, max_concurrent: 3, quota: 5 },
    })
  })

  it.each([{ rpm_limit: 0 }, { tpm_limit: '5' }, { max_concurrent: 100_001 }])(
    'refuse %j',
    async (fields) => {
      const answered = await gateway.api('POST', '/api/user/', { username: 'wrong', ...fields })
      expect(answered.json).toMatchObject({ success: false, code: 'invalid_field' })
    },
  )
})
