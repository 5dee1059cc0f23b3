import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, it } from 'vitest'
import { freePort } from '../../server/test/tools/free-port.ts'
import { startIdentityProvider } from '../../server/test/tools/identity-provider.ts'
import { newAccount, PASSWORD } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { enterPassword, signInAt } from './tools/sign-in.ts'

const letters: string[] = []
const post = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, _session, done) {
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => {
      // Lines of quoted-printable go on behind `=`.
      letters.push(String(Buffer.concat(parts)).replace(/=\r\n/g, '').replace(/=3D/g, '='))
      done()
    })
  },
})
await new Promise<void>((resolve) => post.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>((resolve) => post.close(() => resolve())))
const smtpPort = (post.server.address() as AddressInfo).port

const client = { id: 'turnpike', secret: 'a secret of the provider' }
const provider = await startIdentityProvider(client)
afterAll(() => provider.close())
const { id: clientId, secret: clientSecret } = client

const port = await freePort()
const { gateway, open } = await openConsole({
  config: {
    port,
    signIn: {
      consoleUrl: `http://127.0.0.1:${port}`,
      mail: { url: `smtp://127.0.0.1:${smtpPort}`, from: 'Turnpike <gateway@gateway.example>' },
      providers: [{ id: 'oidc', clientId, clientSecret, issuer: provider.url }],
    },
  },
})
const set = (mode: string) => gateway.manage('PUT', '/api/setting/', { 'sign_up.mode': mode })
const named = () => `new ${Math.random().toString(36).slice(2)}`
/** As a link is opened from a letter: the console was not open before. */
const pathOf = (url: string) => url.slice(`${gateway.url}/console`.length)

it('an invitation leads to an account of one’s own', async () => {
  await set('invite')
  const closed = await open('/sign-up')
  await closed.getByText('Sign-up needs an invitation here.').waitFor()
  await eachLook(closed, 'sign-up-closed')
  const { url } = await gateway.manage('POST', '/api/invitation/', { quota: 500_000 })
  const page = await open(pathOf(url))
  await page.getByText('You are invited to this gateway.').waitFor()
  const username = `${HOSTILE} ${named().slice(4, 12)}`
  await page.getByLabel('Username').fill('admin')
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByText('Use at least 8 characters.').waitFor()
  await page.getByLabel('New password').fill(gateway.secret('violet ladder seventeen'))
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByText('Somebody has this name already.').waitFor()
  await eachLook(page, 'sign-up')
  await page.getByLabel('Username').fill(username)
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByRole('button', { name: `Account menu of ${username}` }).waitFor()

  const again = await open(pathOf(url))
  await again.getByLabel('Username').fill(named())
  await again.getByLabel('New password').fill('violet ladder seventeen')
  await again.getByRole('button', { name: 'Create the account' }).click()
  await again.getByRole('alert').getByText('This invitation is not valid any more.').waitFor()
})

it('where sign-up is open the way there stands at the sign-in', async () => {
  await set('off')
  const page = await open('/sign-in')
  await page.getByRole('link', { name: 'Forgot your password?' }).waitFor()
  expect(await page.getByRole('link', { name: 'Create an account' }).count()).toBe(0)
  await set('open')
  await page.reload()
  await eachLook(page, 'sign-in-all')
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByRole('heading', { name: 'Create your account' }).waitFor()
  await page.getByLabel('Username').fill(named())
  await page.getByLabel('New password').fill('violet ladder seventeen')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
})

it('a forgotten password is replaced by a link that comes by e-mail, or from an administrator', async () => {
  const email = `${named()}@people.example`.replace(' ', '-')
  const account = await newAccount(gateway, { email })
  const page = await open('/sign-in')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await page.getByLabel('E-mail address of your account').fill('nonsense')
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await page.getByText('Enter an e-mail address.').waitFor()
  await eachLook(page, 'reset-ask')
  await page.getByLabel('E-mail address of your account').fill(email)
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await page.getByText('If an account has this address, a link is on its way.').waitFor()
  await expect.poll(() => letters.length, { timeout: 10_000 }).toBe(1)
  const [url = ''] = /http:\S+#token=\S+/.exec(letters[0] ?? '') ?? []
  const next = gateway.secret('violet ladder seventeen')
  const opened = await open(pathOf(url))
  await opened.getByLabel('New password').fill(next)
  await eachLook(opened, 'reset-password')
  await opened.getByRole('button', { name: 'Set the password' }).click()
  await opened.getByText('Your password was changed. Sign in with it.').waitFor()
  await opened.getByRole('button', { name: 'To the sign-in' }).click()
  await enterPassword(opened, account.username, next)
  await opened.getByRole('heading', { name: 'Overview', exact: true }).waitFor()

  const spent = await open(pathOf(url))
  await spent.getByLabel('New password').fill(next)
  await spent.getByRole('button', { name: 'Set the password' }).click()
  await spent.getByRole('alert').getByText('This link is not valid any more.').waitFor()
  const made = await gateway.manage('POST', `/api/user/${account.id}/reset_link`)
  const byAdministrator = await open(pathOf(made.url))
  await byAdministrator.getByLabel('New password').fill(PASSWORD)
  await byAdministrator.getByRole('button', { name: 'Set the password' }).click()
  await byAdministrator.getByText('Your password was changed. Sign in with it.').waitFor()
})

it('another provider opens the account that it is linked to, and is told no otherwise', async () => {
  await set('off')
  const { username } = await newAccount(gateway)
  const subject = named()
  const person = { sub: subject, email: `${subject}@elsewhere.example`, email_verified: true }
  const page = await open('/sign-in')
  // The person agrees at once.
  await page.route(`${provider.url}/authorize*`, (route) => {
    const location = gateway.url + provider.agree(route.request().url(), person)
    return route.fulfill({ status: 302, headers: { location } })
  })
  await page.getByRole('button', { name: 'Continue with single sign-on' }).click()
  await page.getByRole('alert').getByText('There is no account here for you').waitFor()
  await eachLook(page, 'sign-in-elsewhere')
  await enterPassword(page, username)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'Security' }).click()
  await page.getByRole('button', { name: 'Link: single sign-on' }).click()
  const unlink = page.getByRole('button', { name: 'Unlink: single sign-on' })
  await unlink.waitFor()
  await eachLook(page, 'settings-identities')
  await page.context().clearCookies()
  await page.goto(`${gateway.url}/console/settings`)
  await page.getByRole('button', { name: 'Continue with single sign-on' }).click()
  await page.getByRole('heading', { name: 'Profile', exact: true }).waitFor()
  await page.getByRole('link', { name: 'Security' }).click()
  await unlink.click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
  await page.getByRole('button', { name: 'Link: single sign-on' }).waitFor()
})

it('the address of an account is changed by a link to the new one', async () => {
  const email = `${Math.random().toString(36).slice(2)}@people.example`
  const { username } = await newAccount(gateway, { email: `former-${email}` })
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username, path: '/settings' })
  const card = page.getByRole('region', { name: 'E-mail address' })
  await card.getByText(`former-${email}`).waitFor()
  await card.getByText('Confirmed').waitFor()
  await card.getByRole('button', { name: 'Change address' }).click()
  const dialog = page.getByRole('dialog')
  const send = dialog.getByRole('button', { name: 'Send link' })
  await dialog.getByLabel('E-mail address').fill('nobody')
  await send.click()
  await dialog.getByLabel('E-mail address').and(page.locator('[aria-invalid=true]')).waitFor()
  await dialog.getByLabel('E-mail address').fill(email)
  await eachLook(page, 'settings-email-change')
  await send.click()
  await card.getByText(`A link is on its way to ${email}.`).waitFor()
  await card.getByText(`former-${email}`).waitFor()
  const link = () => new RegExp(`To: ${email}[\\s\\S]*(http://\\S+settings#token=\\S+)`)
  const letter = () =>
    letters.map((text) => link().exec(text)?.[1]).find((url) => url !== undefined)
  await expect.poll(letter).toBeDefined()
  const url = letter() ?? ''
  gateway.secret(url.split('token=')[1] ?? '')
  // From a letter, so not as another place of a page that is open.
  await page.goto('about:blank')
  await page.goto(url)
  await card.getByText('Confirm that it is yours.').waitFor()
  await eachLook(page, 'settings-email-confirm')
  await card.getByRole('button', { name: 'Confirm address' }).click()
  await card.getByText(`${email} is the address of your account now.`).waitFor()
  expect(page.url()).not.toContain('token')
  await page.goto('about:blank')
  await page.goto(url)
  await card.getByRole('button', { name: 'Confirm address' }).click()
  await card.getByText('This link is not valid any more.').waitFor()
  await card.getByRole('button', { name: 'Remove address' }).click()
  await eachLook(page, 'settings-email-remove')
  await dialog.getByRole('button', { name: 'Remove address' }).click()
  await card.getByText('None').waitFor()
})
