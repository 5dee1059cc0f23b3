import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'vip' })

/** An account of its own for a test, with a token. */
async function member(fields: object = {}, token: object = {}) {
  const username = `user-${Math.random().toString(36).slice(2)}`
  const account = await gateway.manage('POST', '/api/user/', { username, ...fields })
  const path = `/api/user/${account.id}/access_tokens`
  const made = await gateway.manage('POST', path, { name: 'test', ...token })
  gateway.secret(made.token)
  return { ...account, ...made, accountId: account.id, as: { authorization: made.token } }
}

const refused = async (method: string, path: string, body?: unknown, headers = {}) => {
  const { status, json } = await gateway.api(method, path, body, headers)
  return { status, code: json.code, message: json.message }
}

describe('accounts', () => {
  it('are made with everything at its standard, and read back', async () => {
    const made = await gateway.manage('POST', '/api/user/', { username: 'plain' })
    expect(made).toEqual({
      id: made.id,
      username: 'plain',
      role: 'user',
      status: 1,
      group: 'default',
      groups: [],
      quota: 0,
      used_quota: 0,
      unlimited_quota: false,
      request_count: 0,
      created_time: made.created_time,
    })
    expect(await gateway.manage('GET', `/api/user/${made.id}`)).toEqual(made)
    const { items, total } = await gateway.manage('GET', '/api/user?p=1&ps=1')
    expect(items).toEqual([made])
    expect(total).toBeGreaterThan(1)
  })

  it('read themselves in the words of the contract', async () => {
    const { as, accountId, username } = await member({ quota: 5, group: 'default' })
    const { json } = await gateway.api('GET', '/api/user/self', undefined, as)
    expect(json.data).toEqual({
      id: accountId,
      username,
      role: 'user',
      status: 1,
      group: 'default',
      quota: 5,
      used_quota: 0,
      unlimited_quota: false,
      request_count: 0,
    })
  })

  it('may use their own group and those they were given', async () => {
    const { as } = await member({ groups: ['vip'] })
    const { json } = await gateway.api('GET', '/api/user/self/groups', undefined, as)
    expect(json.data).toEqual({ default: { ratio: 1, desc: '' }, vip: { ratio: 1, desc: '' } })
  })

  it('do not share a name, but one is free again after its account was deleted', async () => {
    const { id } = await gateway.manage('POST', '/api/user', { username: 'taken' })
    const again = await refused('POST', '/api/user', { username: 'taken' })
    expect(again).toMatchObject({ status: 200, code: 'already_exists' })
    const other = await gateway.manage('POST', '/api/user', { username: 'other' })
    const renamed = await refused('PUT', `/api/user/${other.id}`, { username: 'taken' })
    expect(renamed.code).toBe('already_exists')
    await gateway.manage('DELETE', `/api/user/${id}`)
    expect((await gateway.manage('POST', '/api/user', { username: 'taken' })).id).not.toBe(id)
  })

  it.each([
    [{}, 'username is required'],
    [{ username: '' }, 'username must not be empty, got "" (string)'],
    [{ username: ' x' }, 'username must not begin or end with a blank or hold control characters'],
    [{ username: 'x', quota: -1 }, 'quota must be from 0 to 1000000000000000, got -1'],
    [{ username: 'x', role: 'root' }, 'role must be one of user, admin, got "root" (string)'],
    [
      { username: 'x', password: 'short' },
      'password must have at least 8 characters, got a string',
    ],
    [{ username: 'x', password: 12345678 }, 'password must be a string, got a number'],
  ])('are refused in words when a field is wrong: %o', async (fields, message) => {
    expect(await refused('POST', '/api/user/', fields)).toEqual({
      status: 200,
      code: 'invalid_field',
      message,
    })
  })

  it('keep what a change omits', async () => {
    const { accountId } = await member({ quota: 7, groups: ['vip'] })
    const path = `/api/user/${accountId}`
    const before = await gateway.manage('GET', path)
    expect(await gateway.manage('PUT', path, {})).toEqual(before)
    expect(await gateway.manage('PUT', path, before)).toEqual(before)
    const after = await gateway.manage('PUT', path, { quota: 9, unlimited_quota: true })
    expect(after).toEqual({ ...before, quota: 9, unlimited_quota: true })
    expect((await refused('PUT', '/api/user/999999', {})).code).toBe('not_found')
  })

  it('that are suspended open nothing, at once, until they are active again', async () => {
    const { accountId, as } = await member()
    const self = () => gateway.api('GET', '/api/user/self', undefined, as)
    expect((await self()).status).toBe(200)
    await gateway.manage('PUT', `/api/user/${accountId}`, { status: 2 })
    expect(await self()).toMatchObject({ status: 403, json: { code: 'account_suspended' } })
    await gateway.manage('PUT', `/api/user/${accountId}`, { status: 1 })
    expect((await self()).status).toBe(200)
  })

  it('end with their tokens and their API keys', async () => {
    const { accountId, as } = await member({ unlimited_quota: true })
    await gateway.offer('for-deletion')
    const { json } = await gateway.api(
      'POST',
      '/api/token/',
      { name: 'k', unlimited_quota: true },
      { ...as, prefer: 'return=representation' },
    )
    const key = gateway.secret(json.data.key)
    const ask = () =>
      gateway.call({ model: 'for-deletion', messages: [{ role: 'user', content: 'x' }] }, key)
    expect((await ask()).status).toBe(200)
    await gateway.manage('DELETE', `/api/user/${accountId}`)
    expect((await ask()).json.error.code).toBe('key_unknown')
    expect((await gateway.api('GET', '/api/user/self', undefined, as)).status).toBe(401)
    expect((await refused('GET', `/api/user/${accountId}`)).code).toBe('not_found')
  })

  it('and keys leave no value behind when they are deleted, not even an encrypted one', async () => {
    const { accountId, as } = await member({ password: 'a password to forget' })
    const made: number[] = []
    for (let at = 0; at < 4; at++) {
      const headers = { ...as, prefer: 'return=representation' }
      const { json } = await gateway.api('POST', '/api/token/', {}, headers)
      const path = `/api/token/${json.data.id}/rotate`
      const rotated = await gateway.api('POST', path, { grace_seconds: 3600 }, as)
      for (const value of [json.data.key, rotated.json.data.key]) gateway.secret(value)
      made.push(json.data.id)
    }
    const ids = made.join()
    const { rows } = gateway.database
    const kept = () =>
      Promise.all([
        rows(`select id from key where sealed is not null and id in (${ids})`),
        rows(`select key_id from key_former where key_id in (${ids})`),
      ])
    expect((await kept()).map(({ length }) => length)).toEqual([4, 4])
    await gateway.api('DELETE', `/api/token/${made[0]}`, undefined, as)
    await gateway.api('POST', '/api/token/batch', { ids: [made[1]] }, as)
    expect((await kept()).map(({ length }) => length)).toEqual([2, 2])
    await gateway.manage('DELETE', `/api/user/${accountId}`)
    expect(await kept()).toEqual([[], []])
    const account = await rows(`select password_hash from account where id = ${accountId}`)
    expect(account[0]?.password_hash).toBeNull()
  })

  it('never leave the gateway without an active administrator', async () => {
    const { items } = await gateway.manage('GET', '/api/user?ps=100')
    const admins = items.filter((account: { role: string }) => account.role === 'admin')
    expect(admins).toHaveLength(1)
    const path = `/api/user/${admins[0].id}`
    for (const change of [{ status: 2 }, { role: 'user' }]) {
      expect(await refused('PUT', path, change)).toMatchObject({ code: 'in_use' })
    }
    expect((await refused('DELETE', path)).message).toMatch(/last active administrator/)
    const second = await member({ role: 'admin' }, { scopes: ['admin'] })
    await gateway.manage('PUT', `/api/user/${second.accountId}`, { status: 2 })
    expect((await refused('DELETE', path)).code).toBe('in_use')
    await gateway.manage('PUT', `/api/user/${second.accountId}`, { status: 1 })
    // Each is suspended by the other at the same time: one of the two stays.
    await gateway.api('GET', '/api/user/self', undefined, second.as)
    const both = await Promise.all([
      refused('PUT', `/api/user/${second.accountId}`, { status: 2 }),
      refused('PUT', path, { status: 2 }, second.as),
    ])
    expect(both.filter(({ code }) => code === undefined)).toHaveLength(1)
    await gateway.api('PUT', path, { status: 1 }, second.as)
    await gateway.manage('PUT', `/api/user/${second.accountId}`, { status: 2 })
  })
})

describe('the balance of an account', () => {
  it('is changed by entries, never below zero', async () => {
    const { accountId } = await member({ quota: 10 })
    const path = `/api/user/${accountId}/quota`
    expect(await gateway.manage('POST', path, { delta: 5, reason: 'gift' })).toEqual({
      quota: 15,
    })
    expect(await gateway.manage('POST', path, { delta: -15 })).toEqual({ quota: 0 })
    expect((await refused('POST', path, { delta: -1 })).code).toBe('quota_too_low')
    await gateway.manage('PUT', `/api/user/${accountId}`, { quota: 1e15 })
    expect((await refused('POST', path, { delta: 1 })).code).toBe('quota_out_of_range')
    expect((await refused('POST', path, { delta: 1.5 })).code).toBe('invalid_field')
    expect((await refused('POST', '/api/user/999999/quota', { delta: 1 })).code).toBe('not_found')
  })

  it('is changed once for one Idempotency-Key, and a repeat is answered as the first was', async () => {
    const { accountId } = await member({ quota: 100 })
    const path = `/api/user/${accountId}/quota`
    const once = (body: object, key = 'a') =>
      gateway.api('POST', path, body, { 'idempotency-key': key })
    const twins = await Promise.all([1, 2, 3, 4].map(() => once({ delta: 1 })))
    expect(twins.map(({ json }) => json.data)).toEqual(Array(4).fill({ quota: 101 }))
    expect((await once({ delta: 10 }, 'b')).json.data).toEqual({ quota: 111 })
    expect((await once({ delta: 1 })).json.data).toEqual({ quota: 101 })
    expect((await once({ delta: 2 })).json.code).toBe('idempotency_conflict')
    expect((await once({ delta: -1000 }, 'c')).json.code).toBe('quota_too_low')
    await gateway.manage('POST', path, { delta: 1000 })
    expect((await once({ delta: -1000 }, 'c')).json.data).toEqual({ quota: 111 })
    expect((await once({ delta: 1 }, 'x'.repeat(256))).json.code).toBe('invalid_field')
    gateway.advance(24 * 3600 + 1)
    expect((await once({ delta: 1 })).json.data).toEqual({ quota: 112 })
    await gateway.manage('DELETE', `/api/user/${accountId}`)
    expect((await once({ delta: 1 })).json.data).toEqual({ quota: 112 })
    expect((await once({ delta: 1 }, 'd')).json.code).toBe('not_found')
  })
})
