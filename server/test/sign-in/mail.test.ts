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
