import { assert, describe, expect, it } from 'vitest'
import { refusals } from '../../src/errors.ts'
import { asking, type Fields } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'other' })
const { upstream } = gateway
await gateway.offer('model-a')
await gateway.offer('model-b')
await gateway.offer('unpriced', undefined, { price: null })

type Code = keyof typeof refusals

/** Every refusal before the upstream: status and shape of the contract, nothing charged, nobody called. */
async function expectRefusal(code: Code, key: string, body: Fields | string = asking('model-a')) {
  const before = { calls: upstream.calls.length, account: await gateway.account() }
  const answer = await gateway.call(body, key)
  expect(answer.json?.error?.code).toBe(code)
  expect(answer.status).toBe(refusals[code][0])
  expect(answer.headers.get('x-error-code')).toBe(code)
  expect(answer.requestId).not.toBe('')
  expect(answer.headers.get('request-id')).toBe(answer.requestId)
  expect(answer.headers.get('x-should-retry')).toBe(
    answer.status === 429 || answer.status === 503 ? null : 'false',
  )
  expect(answer.json).toEqual({
    error: {
      message: expect.stringMatching(new RegExp(`\\(request id: ${answer.requestId}\\)$`)),
      type: 'comet_api_error',
      param: '',
      code,
    },
  })
  assert.equal(upstream.calls.length, before.calls)
  assert.equal((await gateway.account()).quota, before.account.quota)
  return answer.json.error.message as string
}

const update = (id: number, fields: Fields) =>
  gateway.manage('PUT', '/api/token/', { id, ...fields })
const seconds = () => Math.floor(Date.now() / 1000)

describe('a model call is refused', () => {
  it.each(['', 'Bearer', 'bearer '])(
    'with key_missing when no key was sent: Authorization "%s"',
    async (authorization) => {
      const answer = await gateway.call(asking('model-a'), '', { headers: { authorization } })
      expect(answer.status).toBe(401)
      expect(answer.json.error.code).toBe('key_missing')
      expect(answer.json.error.message).toMatch(/^invalid token/)
    },
  )

  it('with key_malformed when the checksum is wrong, with and without sk-', async () => {
    const { key } = await gateway.createKey()
    const mistyped = `${key.slice(0, 10)}${key[10] === 'x' ? 'y' : 'x'}${key.slice(11)}`
    expect(await expectRefusal('key_malformed', mistyped)).toMatch(/^invalid token/)
    expect(await expectRefusal('key_malformed', `sk-${mistyped}`)).toMatch(/^invalid token/)
  })

  it('with key_unknown once the key is deleted', async () => {
    const { id, key } = await gateway.createKey()
    expect((await gateway.call(asking('model-a'), key)).status).toBe(200)
    await gateway.api('DELETE', `/api/token/${id}`)
    expect(await expectRefusal('key_unknown', key)).toMatch(/^invalid token/)
  })

  it('with ip_not_allowed from an address outside allow_ips', async () => {
    const { key } = await gateway.createKey({ allow_ips: '203.0.113.0/24\n2001:db8::/32' })
    await expectRefusal('ip_not_allowed', key)
  })

  it('with key_disabled, key_expired, quota_exhausted by the status that was set', async () => {
    for (const [status, code] of [
      [2, 'key_disabled'],
      [3, 'key_expired'],
      [4, 'quota_exhausted'],
    ] as const) {
      const { id, key } = await gateway.createKey()
      await update(id, { status })
      await expectRefusal(code, key)
    }
  })

  it('with key_expired once its time has passed, and not a second before', async () => {
    const { key } = await gateway.createKey({ expired_time: seconds() + 3600 })
    expect((await gateway.call(asking('model-a'), key)).status).toBe(200)
    gateway.advance(3601)
    await expectRefusal('key_expired', key)
    gateway.advance(-3601)
  })

  it('with invalid_request when the body is no JSON object or names no model', async () => {
    const { key } = await gateway.createKey()
    for (const body of ['', '{', '[]', '"model-a"', 'null', '{"model":', '{"model":7}']) {
      await expectRefusal('invalid_request', key, body)
    }
    for (const body of [{}, { model: '' }, { model: null }]) {
      expect(await expectRefusal('invalid_request', key, body)).toContain('model name is required')
    }
  })

  it('with model_not_allowed outside the key’s own models', async () => {
    const { key } = await gateway.createKey({
      model_limits_enabled: true,
      model_limits: 'model-b, model-c',
    })
    await expectRefusal('model_not_allowed', key)
    expect((await gateway.call(asking('model-b'), key)).status).toBe(200)
  })

  it('with model_not_found when nobody serves it, price_missing when it has no price', async () => {
    const { key } = await gateway.createKey()
    await expectRefusal('model_not_found', key, asking('nobody-serves-this'))
    expect(await expectRefusal('price_missing', key, asking('unpriced'))).toContain('unpriced')
  })

  it('with quota_exhausted at zero, and with too little for the input', async () => {
    const { key } = await gateway.createKey({ remain_quota: 0 })
    await expectRefusal('quota_exhausted', key)
    const poor = await gateway.createKey({ remain_quota: 1 })
    await expectRefusal('quota_exhausted', poor.key)
  })

  it('with insufficient_balance and account_suspended by its account', async () => {
    const { id } = await gateway.manage('POST', '/api/user/', { username: 'poor', quota: 0 })
    const { token } = await gateway.manage('POST', `/api/user/${id}/access_tokens`, { name: 't' })
    gateway.secret(token)
    const made = await gateway.api(
      'POST',
      '/api/token/',
      { name: 'k', unlimited_quota: true },
      { authorization: token, prefer: 'return=representation' },
    )
    const key = gateway.secret(made.json.data.key)
    await expectRefusal('insufficient_balance', key)
    await gateway.manage('PUT', `/api/user/${id}`, { status: 2 })
    await expectRefusal('account_suspended', key)
  })
})

describe('the first check that fails speaks for all', () => {
  const wrong: readonly [Code, (fields: { id: number }) => Promise<unknown>][] = [
    ['quota_exhausted', ({ id }) => update(id, { remain_quota: 0 })],
    [
      'model_not_allowed',
      ({ id }) => update(id, { model_limits_enabled: true, model_limits: 'another' }),
    ],
    ['key_expired', ({ id }) => update(id, { expired_time: 1 })],
    ['key_disabled', ({ id }) => update(id, { status: 2 })],
    ['ip_not_allowed', ({ id }) => update(id, { allow_ips: '203.0.113.9' })],
    ['key_unknown', ({ id }) => gateway.api('DELETE', `/api/token/${id}`)],
  ]

  it('from unknown over address, state, time and model to quota', async () => {
    const key = await gateway.createKey()
    for (const [code, spoil] of wrong) {
      await spoil(key)
      await expectRefusal(code, key.key)
    }
  })

  it('and state comes before the body, the body before the model', async () => {
    const disabled = await gateway.createKey()
    await update(disabled.id, { status: 2 })
    await expectRefusal('key_disabled', disabled.key, 'no json')
    const limited = await gateway.createKey({ model_limits_enabled: true, model_limits: 'other' })
    await expectRefusal('invalid_request', limited.key, 'no json')
    await expectRefusal('model_not_allowed', limited.key, asking('nobody-serves-this'))
  })

  it('and the account comes between address and state, the group between model and who serves it', async () => {
    const { id } = await gateway.manage('POST', '/api/user/', {
      username: 'moving',
      quota: 1_000_000,
      groups: ['other'],
    })
    const { token } = await gateway.manage('POST', `/api/user/${id}/access_tokens`, { name: 't' })
    const headers = { authorization: gateway.secret(token), prefer: 'return=representation' }
    const made = await gateway.api(
      'POST',
      '/api/token/',
      { name: 'k', group: 'other', remain_quota: 1_000 },
      headers,
    )
    const key = gateway.secret(made.json.data.key)
    const change = (fields: Fields) =>
      gateway.api('PUT', '/api/token/', { id: made.json.data.id, ...fields }, headers)
    await gateway.manage('PUT', `/api/user/${id}`, { groups: [] })
    const said = await expectRefusal('group_not_available', key, asking('nobody-serves-this'))
    expect(said).toMatch(/^no access to group other/)
    const list = await gateway.call('', key, { path: '/v1/models', method: 'GET' })
    expect([list.status, list.json.error.code]).toEqual([403, 'group_not_available'])
    await change({ model_limits_enabled: true, model_limits: 'model-b' })
    await expectRefusal('model_not_allowed', key)
    await change({ status: 2 })
    await expectRefusal('key_disabled', key)
    await gateway.manage('PUT', `/api/user/${id}`, { status: 2 })
    await expectRefusal('account_suspended', key)
  })
})

describe('credentials', () => {
  it('are read from Authorization, x-api-key and x-goog-api-key, with and without sk-', async () => {
    const { key } = await gateway.createKey()
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `Bearer sk-${key}` },
      { authorization: `bearer ${key}` },
      { authorization: '', 'x-api-key': key },
      { authorization: '', 'x-goog-api-key': `sk-${key}` },
      // The well-formed one counts.
      { authorization: 'Bearer dummy', 'x-api-key': key },
    ]) {
      const answer = await gateway.call(asking('model-a'), key, { headers })
      expect([headers.authorization.slice(0, 8), answer.status]).toEqual([
        headers.authorization.slice(0, 8),
        200,
      ])
    }
  })

  it('that contradict each other are refused, and a personal access token is named as such', async () => {
    const [one, other] = [await gateway.createKey(), await gateway.createKey()]
    const two = await gateway.call(asking('model-a'), one.key, {
      headers: { 'x-api-key': other.key },
    })
    expect(two.status).toBe(401)
    const pat = await gateway.call(asking('model-a'), gateway.adminToken)
    expect(pat.status).toBe(401)
    expect(pat.json.error.message).toMatch(/API key/)
  })

  it('never reach the upstream, the query key included', async () => {
    const { key } = await gateway.createKey()
    const arrived = upstream.next()
    await gateway.call(asking('model-a'), key, {
      path: `/v1/chat/completions?key=${key}&api-version=7`,
      headers: { cookie: 'session=1', 'x-api-key': key },
    })
    const { rawHeaders, path } = await arrived
    expect(rawHeaders.join('\n')).not.toContain(key)
    expect(path).toBe('/v1/chat/completions?api-version=7')
  })
})
