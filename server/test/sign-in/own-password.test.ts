import { expect, it } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
const password = gateway.secret('a password for signing in')
const next = gateway.secret('one of her own choice')
const self = '/api/user/self'

async function signedIn(username: string) {
  const { id } = await gateway.manage('POST', '/api/user/', { username, password })
  const browser = openBrowser(gateway)
  await browser.signIn(username, password)
  return { id, browser }
}

/** As if it had been made by another provider, which vouches for its owner. */
const withoutPassword = (id: number) =>
  gateway.database.tamper(`update account set password_hash = null where id = ${id}`)

it('an account without a password gets one, which ends its other sessions and opens it from then on', async () => {
  const { id, browser } = await signedIn('vouched for')
  const elsewhere = openBrowser(gateway)
  await elsewhere.signIn('vouched for', password)
  await withoutPassword(id)
  expect((await browser.send('GET', self)).json.data.password_missing).toBe(true)
  const set = await browser.send('POST', `${self}/password`, { password: next })
  expect(set.json).toEqual({ success: true, message: '' })
  expect((await browser.send('GET', self)).json.data).not.toHaveProperty('password_missing')
  expect((await elsewhere.send('GET', self)).status).toBe(401)
  expect((await openBrowser(gateway).signIn('vouched for', next)).status).toBe(200)
  const { items } = await gateway.manage('GET', '/api/audit/')
  const noted = { action: 'account.update', subject: `account ${id}`, after: { password: 'set' } }
  expect(items).toContainEqual(expect.objectContaining({ ...noted, actor: 'vouched for' }))
})

it('a password that is there is not replaced by whoever does not know it', async () => {
  const { browser } = await signedIn('with one')
  const set = await browser.send('POST', `${self}/password`, { password: next })
  expect(set.json.code).toBe('already_exists')
  expect((await openBrowser(gateway).signIn('with one', password)).status).toBe(200)
})

it('without e-mail addresses are set by administrators alone', async () => {
  const { browser } = await signedIn('no post')
  const sent = await browser.send('PUT', `${self}/email`, { email: 'me@people.example' })
  expect(sent.json.code).toBe('mail_off')
  expect((await browser.send('GET', self)).json.data).not.toHaveProperty('email')
})
