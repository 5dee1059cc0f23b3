import { describe, expect, it } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway({ config: { trustedProxies: ['127.0.0.1'] } })
const password = gateway.secret('a password for signing in')
await gateway.manage('POST', '/api/user/', { username: 'somebody', password })
const signIn = '/api/auth/sign-in/username'
const sent = { username: 'somebody', password }

async function signedIn() {
  const browser = openBrowser(gateway)
  expect((await browser.signIn('somebody', password)).status).toBe(200)
  return browser
}

describe('what changes something', () => {
  it.each([
    ['no page at all', ''],
    ['a page of another host', 'https://elsewhere.example'],
    ['a page of another port', 'http://127.0.0.1:1'],
    ['a page over https', gateway.url.replace('http:', 'https:')],
    ['a page without an origin', 'null'],
    ['a page whose host only begins like ours', `${gateway.url}.elsewhere.example`],
  ])('is refused from %s, with a session and for signing in', async (_from, origin) => {
    const browser = await signedIn()
    for (const [method, path] of [
      ['POST', '/api/token/'],
      ['PUT', '/api/token/'],
      ['DELETE', '/api/token/1'],
      ['POST', '/api/auth/sign-out'],
      ['POST', signIn],
    ] as const) {
      const answer = await browser.send(method, path, sent, { origin })
      expect(answer, `${method} ${path}`).toMatchObject({
        status: 403,
        json: { code: 'origin_refused' },
      })
    }
    expect((await browser.send('GET', '/api/user/self', undefined, { origin })).status).toBe(200)
    expect((await browser.send('GET', '/api/token/')).json.data.total).toBe(0)
  })

  it('is refused from a form, which sends no JSON', async () => {
    const browser = await signedIn()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      for (const path of ['/api/token/', signIn]) {
        const answer = await browser.send('POST', path, sent, { 'content-type': type })
        expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
      }
    }
  })

  it('asks tokens for neither', async () => {
    const { status } = await gateway.api(
      'POST',
      '/api/token/',
      { name: 'x' },
      {
        'content-type': 'text/plain',
        origin: 'https://elsewhere.example',
        cookie: 'turnpike.session_token=anything',
      },
    )
    expect(status).toBe(200)
  })
})

describe('behind a proxy that ends TLS', () => {
  const proxied = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'gateway.example',
    'x-forwarded-for': '203.0.113.7',
  }
  const browse = (origin: string) => openBrowser(gateway, { origin, headers: proxied })

  it('the cookie is for this host and https alone', async () => {
    const browser = browse('https://gateway.example')
    expect((await browser.signIn('somebody', password)).status).toBe(200)
    const [cookie = '', ...attributes] = (browser.lastSet[0] ?? '').split('; ')
    expect(cookie).toMatch(/^__Host-turnpike\.session_token=/)
    expect(attributes).toContain('Secure')
    expect(attributes).toContain('Path=/')
    expect(attributes.join()).not.toMatch(/domain/i)
    expect((await browser.send('GET', '/api/user/self')).status).toBe(200)
    const { json } = await browser.send('GET', '/api/auth/list-sessions')
    expect(json.at(-1).ipAddress).toBe('203.0.113.7')
  })

  it('a cookie that anybody on the line may have planted is none', async () => {
    const plain = await signedIn()
    const browser = browse('https://gateway.example')
    for (const [name, value] of plain.cookies) browser.cookies.set(name, value)
    expect((await browser.send('GET', '/api/user/self')).json.code).toBe('pat_missing')
    expect((await browser.send('GET', '/api/auth/get-session')).json).toBe(null)
  })

  it('pages are those of the host that the proxy was asked', async () => {
    expect((await browse(gateway.url).signIn('somebody', password)).status).toBe(403)
    expect((await browse('http://gateway.example').signIn('somebody', password)).status).toBe(403)
  })

  it('a host that is none is refused', async () => {
    for (const host of ['a/b', 'a@b', '']) {
      const answer = await gateway.api('GET', '/api/auth/get-session', undefined, {
        'x-forwarded-host': host,
        'x-forwarded-for': '203.0.113.7',
      })
      expect(answer.status).toBe(host === '' ? 200 : 400)
    }
  })
})

it('what is not offered of the library is not there', async () => {
  const browser = await signedIn()
  for (const [method, path] of [
    ['POST', '/api/auth/sign-up/email'],
    ['POST', '/api/auth/sign-in/email'],
    ['POST', '/api/auth/update-user'],
    ['POST', '/api/auth/delete-user'],
    ['POST', '/api/auth/is-username-available'],
    ['POST', '/api/auth/verify-password'],
    ['GET', '/api/auth/ok'],
    ['GET', '/api/auth/sign-out'],
    ['GET', '/api/auth/'],
    ['GET', '/api/auth/..%2fget-session'],
  ] as const) {
    const answer = await browser.send(method, path, method === 'POST' ? {} : undefined)
    expect(answer, path).toMatchObject({ status: 404, json: { code: 'route_not_found' } })
  }
})
