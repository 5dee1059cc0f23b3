import { describe, expect, it } from 'vitest'
import { settings as catalogue } from '../../src/settings/catalogue.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'vip' })
const SETTING = '/api/setting/'

type Row = Record<string, unknown>
const find = (rows: readonly Row[], name: string) => rows.find((row) => row.name === name)

describe('settings', () => {
  it('are listed with type, default and explanation', async () => {
    const rows: Row[] = await gateway.manage('GET', SETTING)
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(catalogue))
    expect(find(rows, 'keys.reveal')).toEqual({
      name: 'keys.reveal',
      value: 'always',
      default: 'always',
      is_set: false,
      type: 'choice',
      choices: ['always', 'on-demand', 'never'],
      description: catalogue['keys.reveal'].says,
    })
    for (const { description } of rows) expect(String(description).length).toBeGreaterThan(20)
  })

  it('count at once, all of a change or none, and are audited', async () => {
    const change = { 'metrics.public': false, 'keys.max_per_account': 7 }
    const rows: Row[] = await gateway.manage('PUT', SETTING, change)
    expect(find(rows, 'keys.max_per_account')).toMatchObject({ value: 7, is_set: true })
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(401)
    const wrong = { 'metrics.public': true, 'keys.max_per_account': 0 }
    const { json } = await gateway.api('PUT', SETTING, wrong)
    expect(json.message).toBe('keys.max_per_account must be from 1 to 10000000, got 0')
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(401)
    expect((await gateway.api('GET', '/metrics')).status).toBe(200)
    await gateway.manage('PUT', SETTING, { 'metrics.public': true })
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(200)
    const { items } = await gateway.manage('GET', '/api/audit/?action=setting.update')
    expect(items[1]).toMatchObject({
      actor: expect.stringMatching(/^admin \(token \d+\)$/),
      ip: '127.0.0.1',
      before: { 'metrics.public': true, 'keys.max_per_account': 1000 },
      after: change,
    })
  })

  it.each([
    [{ 'keys.reveil': 'never' }, 'there is nothing called keys.reveil here'],
    [
      { 'keys.reveal': 'sometimes' },
      'keys.reveal must be one of always, on-demand, never, got "sometimes" (string)',
    ],
    [{ 'metrics.public': 'yes' }, 'metrics.public must be true or false, got "yes" (string)'],
    [{ 'ledger.wait_ms': 1.5 }, 'ledger.wait_ms must be a whole number, got 1.5'],
  ])('refuse what makes no sense: %o', async (change, message) => {
    const { json } = await gateway.api('PUT', SETTING, change)
    expect(json).toEqual({ success: false, code: 'invalid_field', message })
  })

  it('that are omitted, as nothing or as null, are neither changed nor audited', async () => {
    const changed = async () =>
      (await gateway.manage('GET', '/api/audit/?action=setting.update')).total
    const before = { rows: await gateway.manage('GET', SETTING), changed: await changed() }
    expect(await gateway.manage('PUT', SETTING, {})).toEqual(before.rows)
    const { json } = await gateway.api('PUT', SETTING, { 'metrics.public': null })
    expect(json).toMatchObject({ success: true, data: before.rows })
    expect(await changed()).toBe(before.changed)
    await gateway.manage('PUT', SETTING, { 'metrics.public': null, 'ledger.wait_ms': 500 })
    const { items } = await gateway.manage('GET', '/api/audit/?action=setting.update')
    expect(items[0]).toMatchObject({
      subject: 'ledger.wait_ms',
      after: { 'ledger.wait_ms': 500 },
    })
  })

  it('limit management calls', async () => {
    await gateway.manage('PUT', SETTING, { 'limits.manage_per_minute': 1 })
    const { status, headers } = await gateway.api('GET', SETTING)
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    gateway.advance(61)
    await gateway.manage('PUT', SETTING, { 'limits.manage_per_minute': 600 })
  })
})

describe('the audit log', () => {
  it('has who, what, from where, before and after, and no secret', async () => {
    const secret = gateway.secret('password-of-somebody')
    const key = gateway.secret('upstream-key-of-somebody-1234')
    const made = await gateway.manage('POST', '/api/user/', { username: 'eve', password: secret })
    await gateway.manage('PUT', `/api/user/${made.id}`, { password: secret, group: 'vip' })
    const channel = await gateway.createChannel({ name: 'audited', keys: [key] })
    const { items } = await gateway.manage('GET', `/api/audit?subject=account ${made.id}`)
    expect(items.map(({ action }: Row) => action)).toEqual(['account.update', 'account.create'])
    const { id: _id, used_quota: _used, request_count: _count, created_time: _at, ...shown } = made
    expect({ ...items[1].after, status: 1 }).toEqual({ ...shown, email: null })
    expect(items[0]).toMatchObject({
      before: { group: 'default' },
      after: { group: 'vip', password: 'changed' },
      request_id: expect.any(String),
    })
    const all = JSON.stringify(await gateway.manage('GET', '/api/audit/?page_size=100'))
    expect(all).toContain(`channel ${channel.id}`)
    expect(all).not.toContain(secret)
    expect(all).not.toContain(key)
  })

  it('holds nothing of what was refused', async () => {
    const before = (await gateway.manage('GET', '/api/audit/')).total
    await gateway.api('POST', '/api/user/', { username: 'eve' })
    await gateway.api('DELETE', '/api/user/99999')
    expect((await gateway.manage('GET', '/api/audit/')).total).toBe(before)
  })
})

describe('the program', () => {
  it('says its version and constants', async () => {
    const answer = await fetch(`${gateway.url}/api/status`)
    const { data } = (await answer.json()) as { data: Row }
    expect(data).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      started_at: expect.any(Number),
      quota_per_unit: 500_000,
      sign_in: { password: true, passkey: true, providers: [], sign_up: 'off', email: false },
      set_up_due: true,
    })
  })

  it('is alive and ready', async () => {
    for (const path of ['/healthz', '/readyz', '/readyz/']) {
      const answer = await fetch(gateway.url + path)
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
    }
  })

  it('counts its calls by route, never by what a caller chose', async () => {
    await fetch(`${gateway.url}/api/nonsense-of-a-caller`)
    await gateway.api('GET', '/api/user/1')
    const text = await (await fetch(`${gateway.url}/metrics`)).text()
    expect(text).not.toContain('nonsense')
    expect(text).toContain('endpoint="/api/user/{id}",status="200"')
    expect(text).toMatch(/turnpike_requests_total\{endpoint="unknown",status="404"/)
    expect(text).toContain('turnpike_reservations 0')
    expect(text).toContain('nodejs_eventloop_lag_seconds')
  })
})
