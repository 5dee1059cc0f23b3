import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller } from './callers.ts'

const gateway = await sharedGateway()
const model = await gateway.offer('current-model')
const asking = { model, messages: [{ role: 'user', content: 'Hello' }] }

const get = (path: string, headers: Record<string, string> = {}) =>
  gateway.api('GET', path, undefined, { authorization: '', ...headers })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

describe('GET /api/usage/token', () => {
  const usage = (key: string) => get('/api/usage/token', bearer(key))

  it('shows what the key was granted, has used and has left', async () => {
    const { id, key } = await gateway.createKey({
      name: 'mine',
      remain_quota: 10_000,
      expired_time: 4_000_000_000,
      model_limits_enabled: true,
      model_limits: ` ${model}, other`,
    })
    await gateway.call(asking, key)
    const used = (await gateway.keyRecord(id)).used_quota
    expect(used).toBeGreaterThan(0)
    expect((await usage(key)).json).toEqual({
      code: true,
      message: 'ok',
      data: {
        object: 'token_usage',
        name: 'mine',
        total_granted: 10_000,
        total_used: used,
        total_available: 10_000 - used,
        unlimited_quota: false,
        model_limits: { [model]: true, other: true },
        model_limits_enabled: true,
        expires_at: 4_000_000_000,
      },
    })
  })

  it('has 0 for never and {} for no limits', async () => {
    const { key } = await gateway.createKey({ unlimited_quota: true })
    expect((await usage(key)).json.data).toMatchObject({
      expires_at: 0,
      model_limits: {},
      model_limits_enabled: false,
      unlimited_quota: true,
    })
  })

  it.each([
    ['Authorization: Bearer', bearer],
    ['Authorization: bearer sk-', (key: string) => ({ authorization: `bearer sk-${key}` })],
    ['x-api-key', (key: string) => ({ 'x-api-key': key })],
    ['x-goog-api-key', (key: string) => ({ 'x-goog-api-key': key })],
    ['a garbled key beside', (key: string) => ({ ...bearer('nonsense'), 'x-api-key': key })],
  ])('reads the key from %s', async (_where, headers) => {
    const { key } = await gateway.createKey()
    expect((await get('/api/usage/token/', headers(key))).json.code).toBe(true)
  })

  it('answers expired and exhausted keys, and marked ones', async () => {
    for (const fields of [{ expired_time: 1 }, { remain_quota: 0 }]) {
      const { key } = await gateway.createKey(fields)
      expect((await usage(key)).status).toBe(200)
    }
    const { id, key } = await gateway.createKey()
    for (const status of [3, 4]) {
      await gateway.manage('PUT', '/api/token/', { id, status })
      expect((await usage(key)).status).toBe(200)
    }
  })

  it('refuses keys that are missing, malformed, unknown, deleted or disabled with 401', async () => {
    const disabled = await gateway.createKey()
    await gateway.manage('PUT', '/api/token/', { id: disabled.id, status: 2 })
    const deleted = await gateway.createKey()
    await gateway.manage('DELETE', `/api/token/${deleted.id}`)
    const two = { ...bearer((await gateway.createKey()).key), 'x-api-key': deleted.key }
    for (const [headers, code] of [
      [{}, 'key_missing'],
      [bearer(''), 'key_missing'],
      [bearer('nonsense'), 'key_malformed'],
      [bearer('an-imported-key-of-nobody'), 'key_unknown'],
      [bearer(deleted.key), 'key_unknown'],
      [bearer(disabled.key), 'key_disabled'],
      [two, 'key_malformed'],
      [{ authorization: gateway.adminToken }, 'key_malformed'],
    ] as const) {
      const answered = await get('/api/usage/token', headers)
      expect([answered.status, answered.headers.get('x-error-code')]).toEqual([401, code])
      expect(answered.json).toEqual({ code: false, success: false, message: expect.any(String) })
    }
  })

  it('says to a personal access token that a key is due', async () => {
    const answered = await get('/api/usage/token', { authorization: gateway.adminToken })
    expect(answered.json.message).toContain('personal access token')
  })

  it('minds allow_ips, and the account', async () => {
    const { key } = await gateway.createKey({ allow_ips: '203.0.113.9' })
    expect((await usage(key)).status).toBe(403)
    const other = await newCaller(gateway)
    const { key: theirs } = await other.create()
    expect((await usage(theirs)).status).toBe(200)
    await gateway.manage('PUT', `/api/user/${other.accountId}`, { status: 2 })
    expect((await usage(theirs)).status).toBe(403)
  })

  it('has a limit of its own, so that no key keeps its owner out', async () => {
    const other = await newCaller(gateway)
    const disabled = await other.create()
    await other.api('PUT', '/api/token/', { id: disabled.id, status: 2 })
    const elsewhere = await other.create({ allow_ips: '203.0.113.9' })
    const { key } = await other.create()
    const ask = async (one: string, times: number) => {
      const answers = await Promise.all(Array.from({ length: times }, () => usage(one)))
      return new Set(answers.map(({ status }) => status))
    }
    expect(await ask(disabled.key, 601)).toEqual(new Set([401]))
    expect(await ask(elsewhere.key, 601)).toEqual(new Set([403]))
    expect(await ask(key, 600)).toEqual(new Set([200]))
    const refused = await usage(key)
    expect([refused.status, refused.json.code]).toEqual([429, false])
    expect(refused.headers.get('x-error-code')).toBe('rate_limited')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await other.api('GET', '/api/token/')).status).toBe(200)
  })

  it('may be asked by pages of any origin', async () => {
    const { key } = await gateway.createKey()
    const answered = await get('/api/usage/token', {
      ...bearer(key),
      origin: 'https://example.com',
    })
    expect(answered.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('GET /user/quota', () => {
  const price = (units: number) => units / 500_000

  it('shows the whole account in dollars', async () => {
    const other = await newCaller(gateway, { account: { quota: 1_000_000 } })
    const first = await other.create({ name: 'first', remain_quota: 250_000 })
    await other.create({ name: 'second', unlimited_quota: true })
    const answered = await gateway.call(asking, first.key)
    const used = (await gateway.usageOf(answered.requestId))?.quota as number
    const { json } = await get('/user/quota', bearer(first.key))
    expect(json).toEqual({
      username: expect.stringMatching(/^caller-/),
      total_quota: 2,
      total_used_quota: price(used),
      request_count: 1,
      keys: [
        { name: 'second', remain_quota: -1, used_quota: 0 },
        { name: 'first', remain_quota: price(250_000 - used), used_quota: price(used) },
      ],
    })
    expect((await get(`/user/quota/?key=${first.key}`)).json).toEqual(json)
    expect((await get(`/user/quota?key=sk-${first.key}`)).json).toEqual(json)

    await gateway.manage('PUT', '/api/setting/', { 'balance.scope': 'key' })
    expect((await get('/user/quota', bearer(first.key))).json).toEqual({
      username: json.username,
      total_quota: 0.5,
      total_used_quota: price(used),
      request_count: 1,
      keys: [json.keys[1]],
    })
    await gateway.manage('PUT', '/api/setting/', { 'balance.scope': 'account' })
  })

  it('shows each day only when both dates are sent', async () => {
    const other = await newCaller(gateway)
    const { id, key } = await other.create({ name: 'daily' })
    const answered = await gateway.call(asking, key)
    const used = (await gateway.usageOf(answered.requestId))?.quota as number
    const today = new Date().toISOString().slice(0, 10)
    const dates = `start_date=${today}&end_date=${today}`
    const entry = { token_name: 'daily', quota_used: price(used), request_count: 1 }
    const { json } = await get(`/user/quota?${dates}`, bearer(key))
    expect(json.daily_quota).toEqual({ [today]: [entry] })
    const other2 = await get('/user/quota?start_date=2026-01-01', bearer(key))
    expect(other2.json).not.toHaveProperty('daily_quota')
    const past = '/user/quota?start_date=2020-01-01&end_date=2020-02-29'
    expect((await get(past, bearer(key))).json.daily_quota).toEqual({})
    await other.api('DELETE', `/api/token/${id}`)
    const second = await other.create({ name: 'second' })
    const after = await get(`/user/quota?${dates}`, bearer(second.key))
    expect(after.json.daily_quota).toEqual({ [today]: [entry] })
  })

  it.each([
    ['2026-02-30', '2026-03-01', 'start_date'],
    ['2026-1-1', '2026-03-01', 'start_date'],
    ['2026-01-01', 'today', 'end_date'],
    ['2026-01-02', '2026-01-01', 'end_date'],
    ['2020-01-01', '2026-01-01', '366 days'],
  ])('refuses the dates %s and %s', async (start, end, why) => {
    const { key } = await gateway.createKey()
    const answered = await get(`/user/quota?start_date=${start}&end_date=${end}`, bearer(key))
    expect(answered.json).toMatchObject({ code: false, success: false })
    expect(answered.json.message).toContain(why)
  })

  it('answers a key without quota, but no disabled one, and minds allow_ips', async () => {
    const empty = await gateway.createKey({ remain_quota: 0 })
    expect((await get('/user/quota', bearer(empty.key))).status).toBe(200)
    await gateway.manage('PUT', '/api/token/', { id: empty.id, status: 2 })
    expect((await get('/user/quota', bearer(empty.key))).status).toBe(401)
    const { key } = await gateway.createKey({ allow_ips: '203.0.113.9' })
    expect((await get('/user/quota', bearer(key))).status).toBe(403)
  })
})

describe('GET /api/log/token', () => {
  it('shows the records of this key alone', async () => {
    const [mine, other] = [await gateway.createKey(), await gateway.createKey()]
    const answered = await gateway.call(asking, mine.key)
    await gateway.call(asking, other.key)
    const { json } = await get(`/api/log/token?token_id=${other.id}`, bearer(mine.key))
    expect(json.data.items).toMatchObject([{ request_id: answered.requestId, token_id: mine.id }])
    expect((await get('/api/log/token')).status).toBe(401)
  })
})
