import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { openRaw, requestText } from '../tools/raw.ts'

const gateway = await sharedGateway()
const OWN = '/api/user/self/access_tokens'
const FUTURE = Math.floor(Date.now() / 1000) + 3600

const { id: accountId } = await gateway.manage('POST', '/api/user/', { username: 'member' })

/** A token of the account `member`; every other test makes its own. */
async function token(fields: object = {}) {
  const path = `/api/user/${accountId}/access_tokens`
  const { json, headers } = await gateway.api('POST', path, { name: 'test', ...fields })
  expect(json.message).toBe('')
  expect(headers.get('cache-control')).toBe('no-store')
  gateway.secret(json.data.token)
  return { id: json.data.id, as: { authorization: json.data.token as string } }
}

describe('a personal access token', () => {
  it('is shown once, and afterwards only by its end', async () => {
    const { id, as } = await token({ name: 'mine', scopes: ['account:write'], expires_at: FUTURE })
    const { json } = await gateway.api('GET', OWN, undefined, as)
    const found = json.data.items.find((item: { id: number }) => item.id === id)
    expect(found).toEqual({
      id,
      name: 'mine',
      hint: as.authorization.slice(-4),
      scopes: ['account:write'],
      expires_at: FUTURE,
      created_time: found.created_time,
      last_used_at: null,
    })
  })

  it('without scopes does what its account may, but nothing for administrators', async () => {
    const { as } = await token()
    expect((await gateway.api('GET', '/api/user/self', undefined, as)).status).toBe(200)
    expect((await gateway.api('GET', OWN, undefined, as)).status).toBe(200)
    const { status, json } = await gateway.api('GET', '/api/channel/', undefined, as)
    expect({ status, code: json.code }).toEqual({ status: 403, code: 'scope_missing' })
  })

  it('with scopes does what they name', async () => {
    const { as } = await token({ scopes: ['keys:read'] })
    expect((await gateway.api('GET', '/api/token/', undefined, as)).status).toBe(200)
    const { status, json } = await gateway.api('GET', OWN, undefined, as)
    expect(status).toBe(403)
    expect(json.message).toContain('account:write')
  })

  it('with the scope admin opens nothing when its account is no administrator', async () => {
    const { as } = await token({ scopes: ['admin'] })
    const { status, json } = await gateway.api('GET', '/api/user/', undefined, as)
    expect(status).toBe(403)
    expect(json.message).toMatch(/^only an administrator/)
  })

  it('ends when its time has come, and says so', async () => {
    const { as } = await token({ expires_at: Math.floor(Date.now() / 1000) + 7200 })
    expect((await gateway.api('GET', '/api/user/self', undefined, as)).status).toBe(200)
    gateway.advance(7201)
    const { status, json } = await gateway.api('GET', '/api/user/self', undefined, as)
    expect({ status, code: json.code }).toEqual({ status: 401, code: 'pat_expired' })
    gateway.advance(-7201)
  })

  it('ends at once when it is deleted, and only its owner can delete it', async () => {
    const { id, as } = await token()
    expect((await gateway.api('DELETE', `${OWN}/${id}`)).json.code).toBe('not_found')
    expect((await gateway.api('DELETE', `${OWN}/${id}`, undefined, as)).json).toEqual({
      success: true,
      message: '',
    })
    const { status, json } = await gateway.api('GET', '/api/user/self', undefined, as)
    expect({ status, code: json.code }).toEqual({ status: 401, code: 'pat_unknown' })
  })

  it('does nothing more once it is deleted, not even with a call whose body was on its way', async () => {
    const { id, as } = await token()
    await gateway.api('GET', '/api/user/self', undefined, as)
    const body = JSON.stringify({ name: 'kept in store' })
    const request = requestText(
      `POST ${OWN}`,
      { ...as, expect: '100-continue', connection: 'close' },
      body,
    )
    const raw = openRaw(gateway.url)
    raw.send(request.subarray(0, -5))
    await raw.until('100 Continue')
    await gateway.api('DELETE', `${OWN}/${id}`, undefined, as)
    raw.send(request.subarray(-5))
    const answer = await raw.toEnd()
    expect(answer).toContain('HTTP/1.1 401')
    expect(answer).toContain('pat_unknown')
  })

  it('makes none wider than itself', async () => {
    const { as } = await token({ scopes: ['account:write', 'keys:read'] })
    const make = (fields: object) => gateway.api('POST', OWN, { name: 'x', ...fields }, as)
    expect(await make({ scopes: ['keys:write'] })).toMatchObject({
      status: 403,
      json: { code: 'scope_missing' },
    })
    expect((await make({})).json.message).toContain('at most account:write, keys:read')
    const { json } = await make({ scopes: ['keys:read'] })
    gateway.secret(json.data.token)
    const unscoped = await token()
    const admin = await gateway.api('POST', OWN, { name: 'x', scopes: ['admin'] }, unscoped.as)
    expect(admin.json.code).toBe('scope_missing')
  })

  it('makes none longer-lived than itself', async () => {
    const { as } = await token({ expires_at: FUTURE })
    const make = (fields: object) => gateway.api('POST', OWN, { name: 'x', ...fields }, as)
    for (const fields of [{}, { expires_at: FUTURE + 1 }]) {
      const { json } = await make(fields)
      expect(json.code).toBe('invalid_field')
      expect(json.message).toContain(String(FUTURE))
    }
    const { json } = await make({ expires_at: FUTURE })
    gateway.secret(json.data.token)
  })

  it.each([
    [{}, 'name is required'],
    [{ name: 'x', expires_at: 5 }, 'expires_at must lie in the future, in Unix seconds'],
    [
      { name: 'x', expires_at: 1e12 },
      'expires_at must be from 1 to 99999999999, got 1000000000000',
    ],
    [
      { name: 'x', scopes: ['root'] },
      'scopes[0] must be one of keys:read, keys:write, keys:reveal, usage:read, account:write, admin, got "root" (string)',
    ],
  ])('is refused in words when a field is wrong: %o', async (fields, message) => {
    expect((await gateway.api('POST', OWN, fields)).json).toMatchObject({
      code: 'invalid_field',
      message,
    })
  })

  it('is stored as a digest only', async () => {
    const { as } = await token()
    for (const { name, bytes } of await gateway.database.stored()) {
      expect(bytes.includes(as.authorization), name).toBe(false)
    }
  })
})
