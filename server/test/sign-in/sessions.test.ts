import { describe, expect, it } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const password = gateway.secret('a password for signing in')

async function member(fields: object = {}) {
  const username = `member ${Math.random().toString(36).slice(2)}`
  const { id } = await gateway.manage('POST', '/api/user/', { username, password, ...fields })
  const browser = openBrowser(gateway)
  return { id, username, browser, signIn: () => browser.signIn(username, password) }
}

async function signedIn(fields: object = {}) {
  const one = await member(fields)
  expect((await one.signIn()).status).toBe(200)
  return one
}

const self = '/api/user/self'

describe('a password', () => {
  it('opens a session, whose cookie no script reads and no other page sends along', async () => {
    const { id, username, browser, signIn } = await member()
    const answer = await signIn()
    expect(answer.json).toMatchObject({ user: { id: String(id), username, name: username } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.requestId).not.toBe('')
    expect(browser.lastSet).toHaveLength(1)
    const [cookie = '', ...attributes] = (browser.lastSet[0] ?? '').split('; ')
    expect(cookie).toMatch(/^turnpike\.session_token=\w{32}\./)
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=604800', 'Path=/', 'SameSite=Lax'])
    const { json } = await browser.send('GET', '/api/auth/get-session')
    expect(json).toMatchObject({ user: { username }, session: { userId: String(id) } })
    expect((await browser.send('GET', self)).json.data).toMatchObject({ id, username })
  })

  it.each([
    ['that is wrong', { password: 'another password' }],
    ['of a name that nobody has', { username: 'nobody' }],
    ['of a name in other letters', { username: 'MEMBER' }],
  ])('%s is refused in the same words', async (_what, wrong) => {
    const { username, browser } = await member()
    const sent = { username, password, ...wrong }
    const answer = await browser.send('POST', '/api/auth/sign-in/username', sent)
    expect(answer).toMatchObject({ status: 401, json: { success: false, code: 'sign_in_refused' } })
    expect(answer.headers.get('x-error-code')).toBe('sign_in_refused')
    expect(answer.json.message).toMatch(/^username or password is wrong\. /)
    expect(browser.cookies.size).toBe(0)
  })

  it('of an account without one is refused like a wrong one', async () => {
    const { username } = await gateway.manage('POST', '/api/user/', { username: 'without one' })
    const answer = await openBrowser(gateway).signIn(username, '')
    expect(answer).toMatchObject({ status: 401, json: { code: 'sign_in_refused' } })
  })

  it('is the one that an administrator set last, under the name that they gave last', async () => {
    const { id, username, browser } = await signedIn()
    const next = gateway.secret('the next password')
    await gateway.manage('PUT', `/api/user/${id}`, { password: next, username: `${username} 2` })
    expect((await browser.send('GET', self)).json.code).toBe('session_ended')
    expect((await browser.signIn(username, next)).status).toBe(401)
    expect((await browser.signIn(`${username} 2`, password)).status).toBe(401)
    expect((await browser.signIn(`${username} 2`, next)).status).toBe(200)
  })

  it('can be changed by its owner, which ends the other sessions', async () => {
    const { username, browser } = await signedIn()
    const other = openBrowser(gateway)
    await other.signIn(username, password)
    const next = gateway.secret('my own next password')
    const change = (sent: object) => browser.send('POST', '/api/auth/change-password', sent)
    const wrong = { currentPassword: 'not it at all', newPassword: next }
    expect((await change(wrong)).status).toBe(400)
    expect((await change({ currentPassword: password, newPassword: 'short' })).status).toBe(400)
    const asked = { currentPassword: password, newPassword: next, revokeOtherSessions: false }
    expect((await change(asked)).status).toBe(200)
    expect((await browser.send('GET', self)).status).toBe(200)
    expect((await other.send('GET', self)).json.code).toBe('session_ended')
    expect((await other.signIn(username, password)).status).toBe(401)
    expect((await other.signIn(username, next)).status).toBe(200)
  })
})

describe('a session', () => {
  it('ends when its owner signs out', async () => {
    const { browser } = await signedIn()
    const cookies = new Map(browser.cookies)
    expect((await browser.send('POST', '/api/auth/sign-out', {})).status).toBe(200)
    expect(browser.cookies.size).toBe(0)
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    expect(await browser.send('GET', self)).toMatchObject({
      status: 401,
      json: { code: 'session_ended' },
    })
    expect((await browser.send('GET', '/api/auth/get-session')).json).toBe(null)
  })

  it('is listed with browser, address and last use, and ended from another one', async () => {
    const { username, browser } = await signedIn()
    const phone = openBrowser(gateway, { headers: { 'user-agent': 'a phone' } })
    await phone.signIn(username, password)
    await phone.send('GET', self)
    const { json: listed } = await browser.send('GET', '/api/auth/list-sessions')
    expect(listed).toHaveLength(2)
    const found = listed.find((one: { userAgent: string }) => one.userAgent === 'a phone')
    expect(found).toMatchObject({ ipAddress: '127.0.0.1' })
    expect(Date.parse(found.lastUsedAt)).toBeGreaterThan(Date.now() - 60_000)
    const stranger = await signedIn()
    await stranger.browser.send('POST', '/api/auth/revoke-session', { token: found.token })
    expect((await phone.send('GET', self)).status).toBe(200)
    await browser.send('POST', '/api/auth/revoke-session', { token: found.token })
    expect((await phone.send('GET', self)).json.code).toBe('session_ended')
    expect((await browser.send('GET', self)).status).toBe(200)
    await phone.signIn(username, password)
    await browser.send('POST', '/api/auth/revoke-other-sessions', {})
    expect((await phone.send('GET', self)).json.code).toBe('session_ended')
    expect((await browser.send('GET', self)).status).toBe(200)
  })

  it('ends at once, and for good, when its account is suspended', async () => {
    const { id, browser, signIn } = await signedIn()
    await gateway.manage('PUT', `/api/user/${id}`, { status: 2 })
    expect((await browser.send('GET', self)).json.code).toBe('session_ended')
    expect(await signIn()).toMatchObject({ status: 403, json: { code: 'account_suspended' } })
    expect((await browser.signIn('nobody', password)).json.code).toBe('sign_in_refused')
    await gateway.manage('PUT', `/api/user/${id}`, { status: 1 })
    expect((await browser.send('GET', self)).json.code).toBe('session_ended')
    expect((await signIn()).status).toBe(200)
  })

  it('ends at once when its account is deleted, and nothing of signing in is left', async () => {
    const { id, browser, signIn } = await signedIn()
    await gateway.manage('DELETE', `/api/user/${id}`)
    expect((await browser.send('GET', self)).json.code).toBe('session_ended')
    expect((await signIn()).json.code).toBe('sign_in_refused')
    const rows = `select 1 from session where account_id = ${id}`
    expect(await gateway.database.rows(rows)).toEqual([])
  })

  it('ends by itself after a week without use', async () => {
    const { browser } = await signedIn()
    gateway.advance(7 * 86_400 + 1)
    expect((await browser.send('GET', self)).json.code).toBe('session_ended')
    gateway.advance(-7 * 86_400 - 1)
    expect((await browser.send('GET', self)).status).toBe(200)
  })

  it('has all scopes of its account, and those of an administrator only for one', async () => {
    const { browser } = await signedIn()
    const made = await browser.send('POST', '/api/token/', { name: 'by session' })
    expect(made.json).toEqual({ success: true, message: '' })
    expect(await browser.send('GET', '/api/user/')).toMatchObject({
      status: 403,
      json: { code: 'scope_missing' },
    })
    const { browser: administrator } = await signedIn({ role: 'admin' })
    expect((await administrator.send('GET', '/api/user/')).json.success).toBe(true)
  })

  it('reads keys masked, whatever tokens read, and may have one shown', async () => {
    const { browser } = await signedIn()
    await browser.send('POST', '/api/token/', { name: 'masked' })
    const [key] = (await browser.send('GET', '/api/token/')).json.data.items
    expect(key.key).toMatch(/^\w{4}\*{10}\w{4}$/)
    expect((await browser.send('GET', `/api/token/${key.id}`)).json.data.key).toBe(key.key)
    const shown = await browser.send('POST', `/api/token/${key.id}/key`)
    expect(shown.json.data.key).toMatch(/^\w{48}$/)
  })

  it('is not asked when a token was sent as well', async () => {
    const { browser } = await signedIn()
    const as = (authorization: string) => browser.send('GET', self, undefined, { authorization })
    expect((await as(gateway.adminToken)).json.data.username).toBe('admin')
    expect((await as('nonsense')).json.code).toBe('pat_unknown')
  })

  it('opens no model endpoint', async () => {
    const { browser } = await signedIn()
    const answer = await browser.send('GET', '/v1/models')
    expect(answer).toMatchObject({ status: 401, json: { error: { code: 'key_missing' } } })
  })

  it('needs the signature: what the database holds opens nothing', async () => {
    const { id, browser } = await signedIn()
    const rows = `select token from session where account_id = ${id}`
    const [row] = await gateway.database.rows(rows)
    const [name = ''] = browser.cookies.keys()
    for (const forged of [`${row?.token}`, `${row?.token}.`, `${row?.token}.${'A'.repeat(43)}=`]) {
      browser.cookies.set(name, encodeURIComponent(forged))
      expect((await browser.send('GET', self)).json.code).toBe('session_ended')
      expect((await browser.send('GET', '/api/auth/get-session')).json).toBe(null)
    }
  })
})
