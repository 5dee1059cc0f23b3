import { describe, expect, it } from 'vitest'
import { codeOf, createAuthenticator } from '../tools/authenticator.ts'
import { type Browser, openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const password = gateway.secret('a password for signing in')
const self = '/api/user/self'

async function signedIn() {
  const username = `some one ${Math.random().toString(36).slice(2)}`
  const { id } = await gateway.manage('POST', '/api/user/', { username, password })
  const browser = openBrowser(gateway)
  expect((await browser.signIn(username, password)).status).toBe(200)
  return { id, username, browser }
}

const post = (browser: Browser, path: string, body: object) =>
  browser.send('POST', `/api/auth${path}`, body)

describe('a code of an authenticator', () => {
  async function withCodes() {
    const one = await signedIn()
    const { json } = await post(one.browser, '/two-factor/enable', { password })
    const uri: string = json.totpURI
    const code = codeOf(uri)
    expect((await post(one.browser, '/two-factor/verify-totp', { code })).status).toBe(200)
    expect((await one.browser.send('GET', self)).status).toBe(200)
    return { ...one, uri, recovery: json.backupCodes as readonly string[] }
  }

  it('is asked for after the password, from the first one that was sent on', async () => {
    const { username, browser } = await signedIn()
    expect(await post(browser, '/two-factor/enable', { password: 'wrong' })).toMatchObject({
      status: 400,
      json: { code: 'password_refused' },
    })
    const { json } = await post(browser, '/two-factor/enable', { password })
    expect(json.totpURI).toContain(`otpauth://totp/Turnpike:${encodeURIComponent(username)}?`)
    expect(json.backupCodes).toHaveLength(10)
    const half = openBrowser(gateway)
    expect((await half.signIn(username, password)).json).not.toHaveProperty('twoFactorRedirect')
    expect(await post(browser, '/two-factor/verify-totp', { code: '000000' })).toMatchObject({
      status: 401,
      json: { code: 'code_refused' },
    })
    await post(browser, '/two-factor/verify-totp', { code: codeOf(json.totpURI) })

    const next = openBrowser(gateway)
    const answer = await next.signIn(username, password)
    expect(answer.json).toEqual({ twoFactorRedirect: true, twoFactorMethods: ['totp'] })
    expect((await next.send('GET', self)).status).toBe(401)
    const wrong = await post(next, '/two-factor/verify-totp', { code: '000000' })
    expect(wrong).toMatchObject({ status: 401, json: { code: 'code_refused' } })
    const code = codeOf(json.totpURI)
    const right = await post(next, '/two-factor/verify-totp', { code, trustDevice: true })
    expect(right.status).toBe(200)
    expect((await next.send('GET', self)).json.data.username).toBe(username)
    // No browser is left out of it later.
    await post(next, '/sign-out', {})
    expect((await next.signIn(username, password)).json.twoFactorRedirect).toBe(true)
  })

  it('opens nothing without the password before it', async () => {
    const { uri } = await withCodes()
    const answer = await post(openBrowser(gateway), '/two-factor/verify-totp', {
      code: codeOf(uri),
    })
    expect(answer).toMatchObject({ status: 401, json: { code: 'code_refused' } })
  })

  it('is tried a few times for one password, and a few more for one account', async () => {
    const { id, username, uri } = await withCodes()
    for (let round = 0; round < 3; round++) {
      const browser = openBrowser(gateway)
      await browser.signIn(username, password)
      for (let at = 0; at < 6; at++) {
        await post(browser, '/two-factor/verify-totp', { code: '000000' })
      }
      if (round > 0) continue
      const late = await post(browser, '/two-factor/verify-totp', { code: codeOf(uri) })
      expect(late).toMatchObject({ status: 401, json: { code: 'code_refused' } })
    }
    const browser = openBrowser(gateway)
    await browser.signIn(username, password)
    const locked = await post(browser, '/two-factor/verify-totp', { code: codeOf(uri) })
    expect(locked).toMatchObject({ status: 429, json: { code: 'rate_limited' } })
    expect(locked.headers.get('retry-after')).toBe('900')
    const [row] = await gateway.database.rows(
      `select failures from two_factor where account_id = ${id}`,
    )
    expect(Number(row?.failures)).toBeGreaterThanOrEqual(10)
  })

  it('gives way to each recovery code once', async () => {
    const { username, recovery } = await withCodes()
    const [code = ''] = recovery
    const browser = openBrowser(gateway)
    await browser.signIn(username, password)
    expect((await post(browser, '/two-factor/verify-backup-code', { code })).status).toBe(200)
    expect((await browser.send('GET', self)).status).toBe(200)
    const again = openBrowser(gateway)
    await again.signIn(username, password)
    expect((await post(again, '/two-factor/verify-backup-code', { code })).json.code).toBe(
      'code_refused',
    )
  })

  it('is no longer asked for when its owner says so', async () => {
    const { username, browser } = await withCodes()
    expect((await post(browser, '/two-factor/disable', { password: 'wrong' })).status).toBe(400)
    expect((await post(browser, '/two-factor/disable', { password })).status).toBe(200)
    const next = openBrowser(gateway)
    await next.signIn(username, password)
    expect((await next.send('GET', self)).status).toBe(200)
  })

  it('leaves neither its secret nor a recovery code in the database', async () => {
    const { uri, recovery } = await withCodes()
    const secret = new URL(uri).searchParams.get('secret') ?? ''
    for (const { name, bytes } of await gateway.database.stored()) {
      for (const text of [secret, ...recovery]) expect(bytes.includes(text), name).toBe(false)
    }
  })
})

describe('a passkey', () => {
  async function withPasskey() {
    const one = await signedIn()
    const device = createAuthenticator()
    const { json } = await one.browser.send('GET', '/api/auth/passkey/generate-register-options')
    const response = device.create(json, gateway.url)
    const made = await post(one.browser, '/passkey/verify-registration', { response, name: 'key' })
    expect(made).toMatchObject({ status: 200, json: { name: 'key' } })
    return { ...one, device, options: json }
  }
  const challenge = async (browser: Browser) =>
    (await browser.send('GET', '/api/auth/passkey/generate-authenticate-options')).json

  it('signs in without name and password', async () => {
    const { id, username, device, options } = await withPasskey()
    expect(options).toMatchObject({
      rp: { name: 'Turnpike', id: '127.0.0.1' },
      user: { name: username },
      authenticatorSelection: { userVerification: 'required' },
    })
    const browser = openBrowser(gateway)
    const response = device.get(await challenge(browser), gateway.url)
    const answer = await post(browser, '/passkey/verify-authentication', { response })
    expect(answer.json).toMatchObject({ user: { id: String(id) } })
    expect((await browser.send('GET', self)).json.data).toMatchObject({ id, username })
    // A challenge is answered once.
    const again = await post(browser, '/passkey/verify-authentication', { response })
    expect(again).toMatchObject({ status: 401, json: { code: 'passkey_refused' } })
  })

  it('of another page, of nobody, or with another signature opens nothing', async () => {
    const { device } = await withPasskey()
    const browser = openBrowser(gateway)
    const elsewhere = device.get(await challenge(browser), 'https://elsewhere.example')
    const stranger = createAuthenticator().get(await challenge(browser), gateway.url)
    for (const response of [elsewhere, stranger]) {
      const answer = await post(browser, '/passkey/verify-authentication', { response })
      expect(answer).toMatchObject({ status: 401, json: { code: 'passkey_refused' } })
    }
    const forged = device.get(await challenge(browser), gateway.url)
    const other = device.get(await challenge(browser), gateway.url)
    forged.response.signature = other.response.signature
    const answer = await post(browser, '/passkey/verify-authentication', { response: forged })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect((await browser.send('GET', self)).status).toBe(401)
  })

  it('of a device that does not ask who holds it is not taken', async () => {
    const { browser } = await signedIn()
    const { json } = await browser.send('GET', '/api/auth/passkey/generate-register-options')
    const response = createAuthenticator({ verifiesUser: false }).create(json, gateway.url)
    const answer = await post(browser, '/passkey/verify-registration', { response })
    expect(answer).toMatchObject({ status: 401, json: { code: 'passkey_refused' } })
  })

  it('of a suspended account opens nothing', async () => {
    const { id, device } = await withPasskey()
    await gateway.manage('PUT', `/api/user/${id}`, { status: 2 })
    const browser = openBrowser(gateway)
    const response = device.get(await challenge(browser), gateway.url)
    const answer = await post(browser, '/passkey/verify-authentication', { response })
    expect(answer).toMatchObject({ status: 403, json: { code: 'account_suspended' } })
  })

  it('is listed, and forgotten by its owner alone', async () => {
    const { browser, device } = await withPasskey()
    const list = async (of: Browser) =>
      (await of.send('GET', '/api/auth/passkey/list-user-passkeys')).json
    const [key] = await list(browser)
    expect(key).toMatchObject({ name: 'key' })
    const stranger = await signedIn()
    expect(await list(stranger.browser)).toEqual([])
    const refused = await post(stranger.browser, '/passkey/delete-passkey', { id: key.id })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect((await post(browser, '/passkey/delete-passkey', { id: key.id })).status).toBe(200)
    expect(await list(browser)).toEqual([])
    const response = device.get(await challenge(browser), gateway.url)
    expect((await post(browser, '/passkey/verify-authentication', { response })).json.code).toBe(
      'passkey_refused',
    )
  })

  it('is not added by a session of yesterday', async () => {
    const { browser } = await signedIn()
    gateway.advance(86_401)
    const answer = await browser.send('GET', '/api/auth/passkey/generate-register-options')
    gateway.advance(-86_401)
    expect(answer).toMatchObject({ status: 403, json: { code: 'session_not_fresh' } })
    expect((await browser.send('GET', self)).status).toBe(200)
  })
})
