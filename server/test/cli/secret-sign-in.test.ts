import { expect, it } from 'vitest'
import { codeOf } from '../tools/authenticator.ts'
import { openBrowser } from '../tools/browser.ts'
import { readWhole } from '../tools/calls.ts'
import { type RunningProgram, run, startProgram, temporaryFolder } from './program.ts'

const password = 'chosen by the operator'

/** A browser at a program. */
function browse({ url }: RunningProgram) {
  const api = async (method: string, path: string, body?: unknown, headers = {}) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return readWhole(await fetch(url + path, { method, headers, ...sent }))
  }
  return openBrowser({ url, api })
}

it('a second factor outlives a rotation of the root secret, and no session does', async () => {
  const folder = temporaryFolder()
  const first = await startProgram(folder, { TURNPIKE_ADMIN_PASSWORD: password })
  const browser = browse(first)
  await browser.signIn('admin', password)
  const { json } = await browser.send('POST', '/api/auth/two-factor/enable', { password })
  const verify = { code: codeOf(json.totpURI) }
  await browser.send('POST', '/api/auth/two-factor/verify-totp', verify)
  expect((await browser.send('GET', '/api/user/self')).status).toBe(200)
  await first.stop()

  for (const _round of [1, 2]) {
    const { code, out, err } = await run('turnpike.js', ['secret', 'rotate', '--data', folder])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('1 second factors were encrypted anew')
  }
  const second = await startProgram(folder)
  const again = browse(second)
  for (const [name, value] of browser.cookies) again.cookies.set(name, value)
  expect((await again.send('GET', '/api/user/self')).json.code).toBe('session_ended')
  again.cookies.clear()
  expect((await again.signIn('admin', password)).json.twoFactorRedirect).toBe(true)
  const code = codeOf(json.totpURI)
  expect((await again.send('POST', '/api/auth/two-factor/verify-totp', { code })).status).toBe(200)
  expect((await again.send('GET', '/api/user/self')).status).toBe(200)
  await second.stop()
})
