import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BECAUSE_WORDS } from '../../src/keys/because.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller } from './callers.ts'

const docs = readFileSync(join(import.meta.dirname, '../../../docs/keys.md'), 'utf8')
const gateway = await sharedGateway()
const model = await gateway.offer('checked-model')
await gateway.offer('unpriced-model', undefined, { price: null })

interface Checked {
  readonly verdict: string
  readonly code?: string
  readonly checks: readonly {
    check: string
    passed: boolean
    because: string
    word: string
    facts: object
  }[]
  readonly channels: readonly { id: number; name: string; group: string; skipped?: string }[]
  readonly fallbacks?: readonly { model: string; named_by: string; skipped?: string }[]
}

const check = (id: number, body: object = { model }): Promise<Checked> =>
  gateway.manage('POST', `/api/token/${id}/check`, body)
const failed = ({ checks }: Checked) => checks.filter(({ passed }) => !passed)

describe('POST /api/token/{id}/check', () => {
  it('goes through every check in the order of a call', async () => {
    const { id } = await gateway.createKey()
    const result = await check(id)
    expect(result).toMatchObject({ verdict: 'allowed', channels: [{ group: 'default' }] })
    expect(result).not.toHaveProperty('code')
    expect(result.checks.map(({ check: name }) => name)).toEqual([
      ...['address', 'account', 'status', 'mark', 'expiry'],
      ...['model', 'group', 'served', 'price', 'rates', 'budgets', 'quota', 'balance', 'channel'],
    ])
    expect(failed(result)).toEqual([])
  })

  it.each([
    [
      { allow_ips: '203.0.113.9\n198.51.100.0/24\n::1' },
      'ip_not_allowed',
      '127.0.0.1 is in none of 3 entries',
    ],
    [{ expired_time: 1 }, 'key_expired', '1970-01-01T00:00:01.000Z'],
    [{ model_limits_enabled: true, model_limits: 'a,b' }, 'model_not_allowed', 'none of 2'],
    [{ remain_quota: 0 }, 'quota_exhausted', 'no units left'],
  ])('says of %j what a call would hear: %s', async (fields, code, because) => {
    const { id, key } = await gateway.createKey(fields)
    const body = { model, messages: [{ role: 'user', content: 'Hello' }] }
    expect((await gateway.call(body, key)).json.error.code).toBe(code)
    const result = await check(id)
    expect(result).toMatchObject({ verdict: 'refused', code })
    expect(failed(result)[0]?.because).toContain(because)
  })

  it.each([
    [2, 'key_disabled'],
    [3, 'key_expired'],
    [4, 'quota_exhausted'],
  ])('knows status %i', async (status, code) => {
    const { id } = await gateway.createKey()
    await gateway.manage('PUT', '/api/token/', { id, status })
    expect(await check(id)).toMatchObject({ verdict: 'refused', code })
  })

  it('names the first refusal, and shows all', async () => {
    const { id } = await gateway.createKey({
      allow_ips: '203.0.113.9',
      expired_time: 1,
      remain_quota: 0,
    })
    const result = await check(id, { model: 'nobody-serves-this' })
    expect(result.code).toBe('ip_not_allowed')
    expect(failed(result).map(({ check: name }) => name)).toEqual([
      'address',
      'expiry',
      'served',
      'quota',
    ])
    expect(result.channels).toEqual([])
  })

  it('asks for the address and the model that are named', async () => {
    const { id } = await gateway.createKey({ allow_ips: '203.0.113.0/24' })
    expect((await check(id, { model, ip: '203.0.113.9' })).verdict).toBe('allowed')
    expect((await check(id, { model, ip: '::ffff:203.0.113.9' })).verdict).toBe('allowed')
    expect((await check(id, { ip: '203.0.114.9' })).code).toBe('ip_not_allowed')
    expect((await check(id, { ip: '203.0.113.9' })).checks).toHaveLength(11)
    expect((await check(id, { ip: '203.0.113.9', model: 'nobody' })).code).toBe('model_not_found')
    const unpriced = await check(id, { ip: '203.0.113.9', model: 'unpriced-model' })
    expect(unpriced).toMatchObject({
      code: 'price_missing',
      channels: [{ skipped: expect.stringContaining('no price') }],
    })
  })

  it('asks for the rate limits, and takes no place under them', async () => {
    const { id, key } = await gateway.createKey({ rpm_limit: 1, tpm_limit: 5_000 })
    const rates = async () => (await check(id)).checks.find(({ check: name }) => name === 'rates')
    for (let n = 0; n < 3; n++) {
      const because = '1 request and 5000 tokens left in these 60 seconds'
      expect(await rates()).toMatchObject({ passed: true, because })
    }
    const body = { model, messages: [{ role: 'user', content: 'Hello' }] }
    expect((await gateway.call(body, key)).status).toBe(200)
    expect(await check(id)).toMatchObject({ verdict: 'refused', code: 'rate_limited' })
    expect(await rates()).toMatchObject({
      because: expect.stringMatching(
        /^this API key may make 1 request a minute .*try again in \d+ s$/,
      ),
    })
  })

  it('knows that the account is out of money', async () => {
    const poor = await newCaller(gateway, { account: { quota: 0 } })
    const { id } = await poor.create()
    const ask = async () => (await poor.api('POST', `/api/token/${id}/check`, { model })).json.data
    expect(await ask()).toMatchObject({ code: 'insufficient_balance' })
    await gateway.manage('POST', `/api/user/${poor.accountId}/quota`, { delta: 5, reason: 'test' })
    expect(await ask()).toMatchObject({ verdict: 'allowed' })
  })

  it('says each thing as a word with facts, too, for those who say it in other words', async () => {
    const { id } = await gateway.createKey({ allow_ips: '203.0.113.9', rpm_limit: 5 })
    const { checks } = await check(id)
    const said = Object.fromEntries(checks.map(({ word, facts }) => [word, facts]))
    expect(said).toMatchObject({
      address_not_listed: { ip: '127.0.0.1', entries: 1 },
      never_expires: {},
      any_model: {},
      served: { model, channels: 1, groups: ['default'] },
      rate_limits_left: { requests: 5 },
      channels_up: { channels: 1 },
    })
    expect(checks.find(({ word }) => word === 'balance')?.facts).toEqual({
      whose: 'key',
      left_units: 1_000_000,
    })
    const unpriced = await check(id, { model: 'unpriced-model' })
    expect(unpriced.channels[0]).toMatchObject({
      skipped_because: { word: 'channel_unpriced', facts: {} },
    })
  })

  it('has words that docs/keys.md lists, each', () => {
    const listed = [...docs.matchAll(/^\| `(\w+)` \| /gm)].map(([, word]) => word)
    expect(listed).toEqual(expect.arrayContaining(BECAUSE_WORDS))
  })

  it('spends nothing', async () => {
    const { id } = await gateway.createKey()
    const before = await gateway.account()
    await check(id)
    expect(await gateway.account()).toEqual(before)
    expect(await gateway.keyRecord(id)).toMatchObject({ used_quota: 0, remain_quota: 1_000_000 })
  })

  it.each([{ ip: 'localhost' }, { ip: '1.2.3.4/24' }, { ip: 5 }, { model: '' }, { model: 5 }])(
    'refuses %j',
    async (body) => {
      const { id } = await gateway.createKey()
      const answered = await gateway.api('POST', `/api/token/${id}/check`, body)
      expect(answered.json.code).toBe('invalid_field')
    },
  )
})

describe('the models that a call would fall back to', () => {
  it('are listed with whose list it is, and why some are left out', async () => {
    const sent = { fallback_models: ['nowhere', 'unpriced-model', model, 'absent'] }
    const { id, key } = await gateway.createKey(sent)
    const result = await check(id, { model: 'absent' })
    expect(result).toMatchObject({ verdict: 'allowed', channels: [] })
    expect(result.checks.find((one) => one.check === 'served')?.because).toBe(
      `no channels of group default serve absent: ${model} is tried instead`,
    )
    expect(result.checks.find((one) => one.check === 'served')).toMatchObject({
      word: 'served',
      facts: { model: 'absent', channels: 0, groups: ['default'] },
      instead: model,
    })
    expect(result.checks.at(-1)).toMatchObject({ check: 'channel', passed: true })
    expect(result.fallbacks).toMatchObject([
      { model: 'nowhere', named_by: 'key', skipped: 'no channels of group default serve nowhere' },
      { model: 'unpriced-model', named_by: 'key', skipped: 'unpriced-model has no price' },
      { model, named_by: 'key', channels: [{ name: 'scripted', group: 'default' }] },
    ])
    expect(result.fallbacks?.[2]).not.toHaveProperty('skipped')
    const body = { model: 'absent', messages: [{ role: 'user', content: 'Hello' }] }
    const answer = await gateway.call(body, key)
    expect([answer.status, answer.headers.get('x-turnpike-model')]).toEqual([200, model])
  })

  it('are those of the group and of the model where the key has none, and only such as it may use', async () => {
    const limits = { model_limits_enabled: true, model_limits: 'absent' }
    const { id } = await gateway.createKey(limits)
    expect(await check(id, { model: 'absent' })).not.toHaveProperty('fallbacks')
    const lists = { 'routing.fallback_models': { absent: [model] } }
    await gateway.manage('PUT', '/api/setting/', lists)
    const ofModel = await check(id, { model: 'absent' })
    expect(ofModel).toMatchObject({ verdict: 'refused', code: 'model_not_found' })
    const skipped = 'model_limits of the key lacks it'
    expect(ofModel.fallbacks).toMatchObject([{ model, named_by: 'model', skipped }])
    await gateway.manage('PUT', '/api/group/default', { fallback_models: [model] })
    const ofGroup = await check(id, { model: 'absent' })
    expect(ofGroup.fallbacks).toMatchObject([{ model, named_by: 'group', skipped }])
    await gateway.manage('PUT', '/api/group/default', { fallback_models: [] })
    await gateway.manage('PUT', '/api/setting/', { 'routing.fallback_models': {} })
  })
})
