import { expect, it, onTestFinished } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { type GatewayOptions, startGateway } from '../tools/gateway.ts'

async function started(options: GatewayOptions = {}) {
  const gateway = await startGateway(options)
  onTestFinished(() => gateway.close())
  const printed = gateway.first?.password
  if (printed !== undefined) gateway.secret(printed)
  const status = async () => (await gateway.api('GET', '/api/status')).json.data
  return { gateway, printed: printed ?? '', status }
}

it('a password that was printed opens nothing but its own change', async () => {
  const { gateway, printed, status } = await started()
  expect((await status()).set_up_due).toBe(true)
  const browser = openBrowser(gateway)
  expect((await browser.signIn('admin', printed)).status).toBe(200)
  const { json } = await browser.send('GET', '/api/user/self')
  expect(json.data).toMatchObject({ username: 'admin', password_change_due: true })
  expect((await browser.send('GET', '/api/auth/get-session')).json.user.username).toBe('admin')
  for (const [method, path] of [
    ['GET', '/api/user/'],
    ['GET', '/api/user/self/groups'],
    ['POST', '/api/token/'],
    ['PUT', '/api/user/1'],
    ['GET', '/api/auth/list-sessions'],
    ['POST', '/api/auth/revoke-sessions'],
  ] as const) {
    const answer = await browser.send(method, path, method === 'GET' ? undefined : {})
    expect(answer, path).toMatchObject({ status: 403, json: { code: 'password_change_due' } })
  }
  expect((await browser.send('POST', '/api/auth/sign-out', {})).status).toBe(200)
  // The token that was printed beside it is a credential of its own.
  expect((await gateway.api('GET', '/api/user/')).status).toBe(200)

  await browser.signIn('admin', printed)
  const own = gateway.secret('a password of my own')
  const asked = { currentPassword: printed, newPassword: own }
  expect((await browser.send('POST', '/api/auth/change-password', asked)).status).toBe(200)
  const self = await browser.send('GET', '/api/user/self')
  expect(self.json.data).not.toHaveProperty('password_change_due')
  expect((await browser.send('GET', '/api/user/')).status).toBe(200)
  expect((await status()).set_up_due).toBe(false)
  expect((await openBrowser(gateway).signIn('admin', printed)).status).toBe(401)
})

it('the same password is not chosen once more', async () => {
  const { gateway, printed } = await started()
  const browser = openBrowser(gateway)
  await browser.signIn('admin', printed)
  const asked = { currentPassword: printed, newPassword: printed }
  expect(await browser.send('POST', '/api/auth/change-password', asked)).toMatchObject({
    status: 400,
    json: { code: 'invalid_request' },
  })
  expect((await browser.send('GET', '/api/user/')).json.code).toBe('password_change_due')
})

it('a password that the operator chose is a password like any other', async () => {
  const adminPassword = 'chosen by the operator'
  const { gateway, status } = await started({ config: { adminPassword } })
  gateway.secret(adminPassword)
  expect((await status()).set_up_due).toBe(false)
  const browser = openBrowser(gateway)
  await browser.signIn('admin', adminPassword)
  expect((await browser.send('GET', '/api/user/')).status).toBe(200)
})
