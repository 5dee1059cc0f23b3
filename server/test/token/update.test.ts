import { describe, expect, it } from 'vitest'
import type { Fields } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller } from './callers.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'vip' })
const model = await gateway.offer('update-model')
const asking = { model, messages: [{ role: 'user', content: 'Hello' }] }

const put = (body: Fields, query = '') => gateway.api('PUT', `/api/token/${query}`, body)
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

const FULL = {
  name: 'full',
  remain_quota: 1_000_000,
  expired_time: 2_000_000_000,
  unlimited_quota: false,
  model_limits_enabled: true,
  model_limits: ` ${model} , other`,
  allow_ips: '127.0.0.1\r\n::1',
  group: 'default',
  cross_group_retry: true,
  auto_groups: ['default'],
  fallback_models: ['other'],
  metadata: { team: 'search' },
}

describe('PUT /api/token/', () => {
  it('changes nothing when a record is sent back as it was read', async () => {
    for (const fields of [FULL, {}, { expired_time: 1 }, { unlimited_quota: true }]) {
      const { id } = await gateway.createKey(fields)
      for (const disabled of [false, true]) {
        if (disabled) await put({ id, status: 2 })
        const record = await gateway.keyRecord(id)
        const answered = await put(record)
        expect(answered.json).toEqual({ success: true, message: '', data: record })
        expect(answered.headers.get('cache-control')).toBe('no-store')
        expect(await gateway.keyRecord(id)).toEqual(record)
      }
    }
  })

  it('changes nothing either when its groups are not available to the account any more', async () => {
    const other = await newCaller(gateway, { account: { groups: ['vip'] } })
    const { id } = await other.create({ group: 'vip', auto_groups: ['default', 'vip'] })
    await gateway.manage('PUT', `/api/user/${other.accountId}`, { groups: [] })
    const record = (await other.api('GET', `/api/token/${id}`)).json.data
    const sentBack = await other.api('PUT', '/api/token/', record)
    expect(sentBack.json).toEqual({ success: true, message: '', data: record })
    const widened = { id, auto_groups: ['vip', 'staff'] }
    expect((await other.api('PUT', '/api/token/', widened)).json.message).toBe(
      'no access to group staff',
    )
  })

  it('writes no audit entry for a change that changes nothing', async () => {
    const { id } = await gateway.createKey(FULL)
    const before = (await gateway.manage('GET', '/api/audit/')).total
    await put(await gateway.keyRecord(id))
    expect((await gateway.manage('GET', '/api/audit/')).total).toBe(before)
    await put({ id, name: 'renamed', metadata: {} })
    const { items } = await gateway.manage('GET', '/api/audit/')
    expect(items[0]).toMatchObject({
      action: 'key.update',
      subject: `key ${id}`,
      before: { name: 'full' },
      after: { name: 'renamed' },
    })
  })

  it.each([
    { name: 'another' },
    { expired_time: 1_999_999_999 },
    { remain_quota: 5 },
    { unlimited_quota: true },
    { model_limits_enabled: false },
    { model_limits: '' },
    { allow_ips: '10.0.0.0/8' },
    { group: '' },
    { cross_group_retry: false },
    { metadata: { team: 'ads' } },
  ])('sets %j and keeps every other field', async (change) => {
    const { id } = await gateway.createKey(FULL)
    const before = await gateway.keyRecord(id)
    const answered = await put({ id, ...change })
    expect(answered.json.data).toEqual({ ...before, ...change })
    expect(await gateway.keyRecord(id)).toEqual({ ...before, ...change })
  })

  it('lifts the address list with null and with the empty text, and keeps it when absent', async () => {
    const { id } = await gateway.createKey(FULL)
    expect((await put({ id, name: 'kept' })).json.data.allow_ips).toBe(FULL.allow_ips)
    expect((await put({ id, allow_ips: '' })).json.data.allow_ips).toBe('')
    expect((await put({ id, allow_ips: null })).json.data.allow_ips).toBeNull()
  })

  it('takes null elsewhere as absent', async () => {
    const { id } = await gateway.createKey(FULL)
    const before = await gateway.keyRecord(id)
    const nothing = { name: null, remain_quota: null, status: null, group: null, metadata: null }
    expect((await put({ id, ...nothing })).json.data).toEqual(before)
  })

  it.each([
    [{ name: 'x'.repeat(51) }, 'name_too_long'],
    [{ expired_time: 0 }, 'invalid_field'],
    [{ remain_quota: -1 }, 'quota_out_of_range'],
    [{ allow_ips: '1.2.3.4,5.6.7.8' }, 'invalid_address'],
    [{ group: 'vip' }, 'group_not_accessible'],
    [{ model_limits: ',' }, 'invalid_field'],
    [{ rpm_limit: 0 }, 'invalid_field'],
    [{ budgets: [{ period: 'day', amount: 0 }] }, 'invalid_field'],
    [{ status: 5 }, 'invalid_field'],
    [{ status: '1' }, 'invalid_field'],
    [{ name: 5 }, 'invalid_field'],
  ])('refuses %j as create does, and changes nothing', async (change, code) => {
    const { id } = await gateway.createKey(FULL)
    const before = await gateway.keyRecord(id)
    const answered = await put({ id, cross_group_retry: false, ...change })
    expect([answered.status, answered.json.code]).toEqual([200, code])
    expect(await gateway.keyRecord(id)).toEqual(before)
  })

  it('wants an id, and knows only the account’s own keys', async () => {
    expect((await put({ name: 'x' })).json).toMatchObject({ code: 'invalid_field' })
    expect((await put({ id: 999_999 })).json).toMatchObject({ code: 'key_not_found' })
    expect((await put({ id: 'x' })).json).toMatchObject({ code: 'invalid_field' })
  })

  it('keeps what another update changes at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await gateway.createKey()
      const changes = [{ metadata: { round: `${round}` } }, { fallback_models: ['other'] }]
      const answers = await Promise.all(changes.map((change) => put({ id, ...change })))
      expect(answers.map(({ json }) => json.success)).toEqual([true, true])
      expect(await gateway.keyRecord(id)).toMatchObject({ ...changes[0], ...changes[1] })
    }
  })

  it('counts for the very next call', async () => {
    const { id, key } = await gateway.createKey()
    expect((await gateway.call(asking, key)).status).toBe(200)
    await put({ id, status: 2 })
    expect((await gateway.call(asking, key)).json.error.code).toBe('key_disabled')
    await put({ id, status: 1 })
    expect((await gateway.call(asking, key)).status).toBe(200)
    await put({ id, model_limits: 'other', model_limits_enabled: true })
    expect((await gateway.call(asking, key)).json.error.code).toBe('model_not_allowed')
    await put({ id, model_limits_enabled: false, allow_ips: '203.0.113.1' })
    expect((await gateway.call(asking, key)).json.error.code).toBe('ip_not_allowed')
    await put({ id, allow_ips: '', remain_quota: 0 })
    expect((await gateway.call(asking, key)).json.error.code).toBe('quota_exhausted')
    await put({ id, unlimited_quota: true })
    expect((await gateway.call(asking, key)).status).toBe(200)
  })

  it('sets the quota that is left to exactly what was sent, whatever was used', async () => {
    const { id, key } = await gateway.createKey({ remain_quota: 10_000 })
    await gateway.call(asking, key)
    const used = (await gateway.keyRecord(id)).used_quota
    expect(used).toBeGreaterThan(0)
    const { data } = (await put({ id, remain_quota: 500 })).json
    expect(data).toMatchObject({ remain_quota: 500, used_quota: used })
  })
})

describe('status', () => {
  const statusOf = async (id: number) => (await gateway.keyRecord(id)).status

  it('is the effective one: disabled before expired before exhausted', async () => {
    const { id } = await gateway.createKey({ expired_time: 1, remain_quota: 0 })
    expect(await statusOf(id)).toBe(3)
    await put({ id, status: 2 })
    expect(await statusOf(id)).toBe(2)
    await put({ id, expired_time: -1 })
    await put({ id, status: 1, remain_quota: 1 })
    await put({ id, remain_quota: 0 })
    expect(await statusOf(id)).toBe(4)
    await put({ id, unlimited_quota: true })
    expect(await statusOf(id)).toBe(1)
  })

  it('becomes 3 when the time has come', async () => {
    const { id, key } = await gateway.createKey({ expired_time: inAnHour() })
    expect(await statusOf(id)).toBe(1)
    expect((await gateway.call(asking, key)).status).toBe(200)
    gateway.advance(3601)
    expect(await statusOf(id)).toBe(3)
    expect((await gateway.call(asking, key)).json.error.code).toBe('key_expired')
  })

  it.each([
    [3, 'key_expired'],
    [4, 'quota_exhausted'],
  ])('%i blocks as a mark until 1 is sent', async (mark, code) => {
    const { id, key } = await gateway.createKey()
    expect((await put({ id, status: mark })).json.data.status).toBe(mark)
    expect((await gateway.call(asking, key)).json.error.code).toBe(code)
    await put({ ...(await gateway.keyRecord(id)), name: 'sent back' })
    expect(await statusOf(id)).toBe(mark)
    expect((await put({ id, status: 1 })).json.data.status).toBe(1)
    expect((await gateway.call(asking, key)).status).toBe(200)
  })

  it('of an expired record sent back with a later time does not mark it', async () => {
    const { id } = await gateway.createKey({ expired_time: 1 })
    const record = await gateway.keyRecord(id)
    const answered = await put({ ...record, expired_time: -1 })
    expect(answered.json.data).toMatchObject({ status: 1, expired_time: -1 })
  })

  it('1 is refused while the key would still be expired, saying what to send', async () => {
    const { id } = await gateway.createKey({ expired_time: 1 })
    const answered = await put({ id, status: 1 })
    expect(answered.json).toMatchObject({ success: false, code: 'key_still_expired' })
    expect(answered.json.message).toContain('expired_time')
    expect((await put({ id, status: 1, expired_time: 2 })).json.code).toBe('key_still_expired')
    const enabled = await put({ id, status: 1, expired_time: 4_000_000_000 })
    expect(enabled.json.data.status).toBe(1)
  })

  it('1 is refused while the key would still be exhausted, saying what to send', async () => {
    const { id } = await gateway.createKey({ remain_quota: 0 })
    const answered = await put({ id, status: 1 })
    expect(answered.json).toMatchObject({ success: false, code: 'key_still_exhausted' })
    expect(answered.json.message).toContain('remain_quota')
    expect((await put({ id, status: 1, remain_quota: 5 })).json.data.status).toBe(1)
    await put({ id, remain_quota: 0 })
    expect((await put({ id, status: 1, unlimited_quota: true })).json.data.status).toBe(1)
  })

  it('of an enabled record does not stand in the way of an earlier time or of no quota', async () => {
    const { id } = await gateway.createKey()
    const record = await gateway.keyRecord(id)
    expect((await put({ ...record, expired_time: 1 })).json.data.status).toBe(3)
    const other = await gateway.keyRecord((await gateway.createKey()).id)
    expect((await put({ ...other, remain_quota: 0 })).json.data.status).toBe(4)
  })

  it('is all that status_only changes', async () => {
    const { id } = await gateway.createKey({ name: 'kept' })
    const change = { id, status: 2, name: 'not this', remain_quota: -5 }
    const answered = await put(change, '?status_only=true')
    expect(answered.json.data).toMatchObject({ status: 2, name: 'kept', remain_quota: 1_000_000 })
    const missing = await put({ id, name: 'x' }, '?status_only=true')
    expect(missing.json).toMatchObject({ code: 'invalid_field' })
  })
})
