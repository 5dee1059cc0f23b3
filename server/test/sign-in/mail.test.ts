import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, it } from 'vitest'
import { openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const received: { to: string; text: string }[] = []
const post = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, done) {
    let text = ''
    stream.on('data', (chunk) => {
      text += chunk
    })
    stream.on('end', () => {
      // Lines of quoted-printable go on behind `=`.
      const whole = text.replace(/=\r\n/g, '').replace(/=3D/g, '=')
      received.push({ to: session.envelope.rcptTo[0]?.address ?? '', text: whole })
      done()
    })
  },
})
await new Promise<void>((resolve) => post.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>((resolve) => post.close(() => resolve())))
const { port } = post.server.address() as AddressInfo

const consoleUrl = 'https://gateway.example'
const mail = { url: `smtp://127.0.0.1:${port}`, from: 'Turnpike <gateway@gateway.example>' }
const gateway = await sharedGateway({ config: { signIn: { consoleUrl, mail, providers: [] } } })
const password = gateway.secret('a password for signing in')

const ask = (email: string) =>
  openBrowser(gateway).send('POST', '/api/auth/request-password-reset', {
    email,
    redirectTo: '/elsewhere',
  })

it('a link for a new password goes to a proven address, and leads to the console alone', async () => {
  const sent = { username: 'forgetful', password, email: 'Forgetful@people.example' }
  await gateway.manage('POST', '/api/user/', sent)
  const unknown = await ask('nobody@people.example')
  const known = await ask('forgetful@people.example')
  expect(known).toMatchObject({ status: 200, json: unknown.json })
  await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1)
  const [message] = received
  expect(message?.to).toBe('forgetful@people.example')
  const [, token = ''] = /https:\/\/gateway\.example\/console\/reset-password#token=(\S+)/.exec(
    message?.text ?? '',
  ) ?? ['']
  expect(gateway.secret(token)).not.toBe('')
  const next = gateway.secret('the next password of mine')
  const reset = { token, newPassword: next }
  const browser = openBrowser(gateway)
  expect((await browser.send('POST', '/api/auth/reset-password', reset)).status).toBe(200)
  expect((await browser.signIn('forgetful', next)).status).toBe(200)
  const { json } = await gateway.api('GET', '/api/status')
  expect(json.data.sign_in.email).toBe(true)
})

it('two accounts do not share an address, and one without a proven one gets no link', async () => {
  const sent = { username: 'first of two', email: 'shared@people.example' }
  const { id } = await gateway.manage('POST', '/api/user/', sent)
  const again = await gateway.api('POST', '/api/user/', { ...sent, username: 'second of two' })
  expect(again.json).toMatchObject({
    code: 'already_exists',
    message: 'there is an account with this e-mail address already',
  })
  await gateway.manage('PUT', `/api/user/${id}`, { email: null })
  expect(await gateway.manage('GET', `/api/user/${id}`)).not.toHaveProperty('email')
  const before = received.length
  expect((await ask('shared@people.example')).status).toBe(200)
  expect(received).toHaveLength(before)
})

it('links to new passwords are made for the console, and what it is asked by its name is https', async () => {
  const { id } = await gateway.manage('POST', '/api/user/', { username: 'by the console' })
  const made = await gateway.api('POST', `/api/user/${id}/reset_link`)
  expect(made.json.data.url).toContain(`${gateway.url}/console/reset-password#token=`)
})

const EMAIL = '/api/user/self/email'
const HOUR_SECONDS = 3600

/** Somebody who is signed in, and the account. */
async function signedIn(username: string, email?: string) {
  const { id } = await gateway.manage('POST', '/api/user/', { username, password, email })
  const browser = openBrowser(gateway)
  expect((await browser.signIn(username, password)).status).toBe(200)
  const self = async () => (await browser.send('GET', '/api/user/self')).json.data
  return { id, browser, self }
}

/** The token of the link in the latest message to an address. */
async function linkTo(address: string): Promise<string> {
  const messages = () => received.filter(({ to }) => to === address)
  await expect.poll(() => messages().length, { timeout: 10_000 }).toBeGreaterThan(0)
  const link = /https:\/\/gateway\.example\/console\/settings#token=(\S+)/
  const [, token = ''] = link.exec(messages().at(-1)?.text ?? '') ?? []
  return gateway.secret(token)
}

it('an own address counts once its link is opened by the account, and the former one is told', async () => {
  const { browser, self } = await signedIn('moving', 'old@people.example')
  const sent = await browser.send('PUT', EMAIL, { email: 'New@people.example' })
  expect(sent.json).toMatchObject({ success: true, data: { sent: true } })
  const token = await linkTo('new@people.example')
  expect(await self()).toMatchObject({ email: 'old@people.example', email_verified: true })

  const other = await signedIn('somebody else')
  const stolen = await other.browser.send('POST', `${EMAIL}/confirm`, { token })
  expect(stolen.json.code).toBe('link_refused')
  const confirmed = await browser.send('POST', `${EMAIL}/confirm`, { token })
  expect(confirmed.json.data).toEqual({ email: 'new@people.example' })
  expect(await self()).toMatchObject({ email: 'new@people.example', email_verified: true })
  const told = received.filter(({ to }) => to === 'old@people.example')
  expect(told.map(({ text }) => text)).toEqual([expect.stringContaining('new@people.example now')])
  const again = await browser.send('POST', `${EMAIL}/confirm`, { token })
  expect(again.json.code).toBe('link_refused')
})

it('of several links the latest counts, for an hour, and none gives an address that another account has', async () => {
  const { browser, self } = await signedIn('undecided')
  await browser.send('PUT', EMAIL, { email: 'a@people.example' })
  const first = await linkTo('a@people.example')
  await browser.send('PUT', EMAIL, { email: 'b@people.example' })
  const second = await linkTo('b@people.example')
  const confirm = async (token: string) =>
    (await browser.send('POST', `${EMAIL}/confirm`, { token })).json
  expect((await confirm(first)).code).toBe('link_refused')
  await gateway.manage('POST', '/api/user/', { username: 'was faster', email: 'b@people.example' })
  expect(await confirm(second)).toMatchObject({
    code: 'already_exists',
    message: 'another account has this address',
  })
  expect(await self()).not.toHaveProperty('email')
  await browser.send('PUT', EMAIL, { email: 'c@people.example' })
  const late = await linkTo('c@people.example')
  gateway.advance(HOUR_SECONDS)
  expect((await confirm(late)).code).toBe('link_refused')
})

it('an address is taken away at once, and told so', async () => {
  const { browser, self } = await signedIn('leaving', 'leaving@people.example')
  expect((await browser.send('PUT', EMAIL, { email: null })).json.data).toEqual({ sent: false })
  expect(await self()).not.toHaveProperty('email')
  const told = received.filter(({ to }) => to === 'leaving@people.example')
  expect(told.map(({ text }) => text)).toEqual([expect.stringContaining('It has none now')])
})

it('neither a token of a program nor an old session changes what opens an account', async () => {
  const { id, browser } = await signedIn('careful')
  const made = await gateway.manage('POST', `/api/user/${id}/access_tokens`, { name: 'wide' })
  const headers = { authorization: gateway.secret(made.token) }
  const byToken = (method: string, path: string, body: object) =>
    gateway.api(method, path, body, headers)
  const address = { email: 'thief@people.example' }
  expect((await byToken('PUT', EMAIL, address)).json.code).toBe('session_not_fresh')
  const first = await byToken('POST', '/api/user/self/password', { password })
  expect(first.json.code).toBe('session_not_fresh')
  gateway.advance(25 * HOUR_SECONDS)
  expect((await browser.send('PUT', EMAIL, address)).json.code).toBe('session_not_fresh')
  expect(received.filter(({ to }) => to === 'thief@people.example')).toEqual([])
})
