import { describe, expect, it } from 'vitest'
import { codeOf } from '../tools/authenticator.ts'
import { openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const password = gateway.secret('a password for signing in')
const set = (mode: string, more: object = {}) =>
  gateway.manage('PUT', '/api/setting/', { 'sign_up.mode': mode, ...more })
const named = () => `new one ${Math.random().toString(36).slice(2)}`
const signUp = (fields: object) => {
  const sent = { username: named(), password, ...fields }
  return gateway.api('POST', '/api/sign_up', sent, { authorization: '' })
}

/** The token in a one-time link. */
function tokenIn(url: string, page: string): string {
  const start = `${gateway.url}/console/${page}#token=`
  expect(url.startsWith(start)).toBe(true)
  return gateway.secret(url.slice(start.length))
}

async function invited(fields: object = {}) {
  const { id, url } = await gateway.manage('POST', '/api/invitation/', fields)
  return { id, token: tokenIn(url, 'sign-up') }
}

describe('sign-up', () => {
  it('is off, unless somebody opens it', async () => {
    const { token } = await invited()
    for (const sent of [{}, { token }]) {
      expect(await signUp(sent)).toMatchObject({ status: 403, json: { code: 'sign_up_closed' } })
    }
    const { json } = await gateway.api('GET', '/api/status')
    expect(json.data.sign_in.sign_up).toBe('off')
  })

  it('makes an account with the starting quota where it is open', async () => {
    await set('open', { 'sign_up.quota': 700 })
    const username = named()
    const { json } = await signUp({ username, role: 'admin', group: 'vip', unlimited_quota: true })
    expect(json).toEqual({ success: true, message: '', data: { id: json.data.id, username } })
    const browser = openBrowser(gateway)
    expect((await browser.signIn(username, password)).status).toBe(200)
    expect((await browser.send('GET', '/api/user/self')).json.data).toEqual({
      id: json.data.id,
      username,
      role: 'user',
      status: 1,
      group: 'default',
      quota: 700,
      used_quota: 0,
      unlimited_quota: false,
      request_count: 0,
    })
    expect((await signUp({ username })).json.code).toBe('already_exists')
    const short = await signUp({ password: 'short' })
    expect(short.json.code).toBe('invalid_field')
    const { items } = await gateway.manage('GET', '/api/audit/?action=account.create')
    expect(items[0]).toMatchObject({ actor: username, actor_id: json.data.id, ip: '127.0.0.1' })
  })

  it('takes each invitation once, for what its maker gave', async () => {
    await set('invite')
    expect((await signUp({})).json.code).toBe('invitation_refused')
    expect((await signUp({ token: 'guessed' })).json.code).toBe('invitation_refused')
    await gateway.manage('POST', '/api/group/', { name: 'invited' })
    const { id, token } = await invited({ group: 'invited', quota: 900, note: 'for Ann' })
    const answers = await Promise.all([1, 2, 3].map(() => signUp({ token })))
    const codes = answers.map(({ json }) => json.code ?? 'made')
    expect(codes.sort()).toEqual(['invitation_refused', 'invitation_refused', 'made'])
    const made = answers.find(({ json }) => json.success)?.json.data
    const account = await gateway.manage('GET', `/api/user/${made.id}`)
    expect(account).toMatchObject({ group: 'invited', quota: 900, role: 'user' })
    const { items } = await gateway.manage('GET', '/api/invitation/')
    const found = items.find((one: { id: string }) => one.id === id)
    expect(found).toMatchObject({ note: 'for Ann', used_by: made.id, quota: 900 })
  })

  it('takes none that is withdrawn or too old', async () => {
    await set('invite')
    const { id, token } = await invited()
    await gateway.manage('DELETE', `/api/invitation/${id}`)
    expect((await signUp({ token })).json.code).toBe('invitation_refused')
    const gone = await gateway.api('DELETE', `/api/invitation/${id}`)
    expect(gone.json.code).toBe('not_found')
    const { token: old } = await invited()
    gateway.advance(8 * 86_400)
    expect((await signUp({ token: old })).json.code).toBe('invitation_refused')
    gateway.advance(-8 * 86_400)
    expect((await signUp({ token: old })).json.success).toBe(true)
  })

  it('stands in the database without the tokens of its links', async () => {
    const { token } = await invited()
    for (const { name, bytes } of await gateway.database.stored()) {
      expect(bytes.includes(token), name).toBe(false)
    }
  })
})

describe('a link for a new password', () => {
  async function member() {
    const username = named()
    const { id } = await gateway.manage('POST', '/api/user/', { username, password })
    const link = async () =>
      tokenIn((await gateway.manage('POST', `/api/user/${id}/reset_link`)).url, 'reset-password')
    return { id, username, link }
  }
  const reset = (token: string, newPassword: string) =>
    openBrowser(gateway).send('POST', '/api/auth/reset-password', { token, newPassword })

  it('works once, and ends the sessions', async () => {
    const { username, link } = await member()
    const browser = openBrowser(gateway)
    await browser.signIn(username, password)
    const token = await link()
    const next = gateway.secret('the password after that')
    expect((await reset(token, 'short')).status).toBe(400)
    expect((await reset(token, next)).status).toBe(200)
    expect((await browser.send('GET', '/api/user/self')).json.code).toBe('session_ended')
    expect((await browser.signIn(username, password)).status).toBe(401)
    expect((await browser.signIn(username, next)).status).toBe(200)
    expect(await reset(token, 'one more password')).toMatchObject({
      status: 403,
      json: { code: 'link_refused' },
    })
    expect((await reset('guessed', 'one more password')).json.code).toBe('link_refused')
  })

  it('gives a password to an account that had none', async () => {
    const username = named()
    const { id } = await gateway.manage('POST', '/api/user/', { username })
    const { url } = await gateway.manage('POST', `/api/user/${id}/reset_link`)
    expect((await reset(tokenIn(url, 'reset-password'), password)).status).toBe(200)
    expect((await openBrowser(gateway).signIn(username, password)).status).toBe(200)
  })

  it('opens no account that is gone, and leaves its token nowhere', async () => {
    const { id, link } = await member()
    const token = await link()
    for (const { name, bytes } of await gateway.database.stored()) {
      expect(bytes.includes(token), name).toBe(false)
    }
    await gateway.manage('DELETE', `/api/user/${id}`)
    expect((await reset(token, password)).status).toBeGreaterThanOrEqual(400)
    const unknown = await gateway.api('POST', `/api/user/${id}/reset_link`)
    expect(unknown.json.code).toBe('not_found')
  })

  it('is of no use against second factors, which an administrator forgets apart', async () => {
    const { id, username } = await member()
    const browser = openBrowser(gateway)
    await browser.signIn(username, password)
    const { json } = await browser.send('POST', '/api/auth/two-factor/enable', { password })
    const code = codeOf(json.totpURI)
    await browser.send('POST', '/api/auth/two-factor/verify-totp', { code })
    expect((await openBrowser(gateway).signIn(username, password)).json.twoFactorRedirect).toBe(
      true,
    )
    await gateway.manage('DELETE', `/api/user/${id}/second_factors`)
    expect((await browser.send('GET', '/api/user/self')).json.code).toBe('session_ended')
    await browser.signIn(username, password)
    expect((await browser.send('GET', '/api/user/self')).status).toBe(200)
  })
})
