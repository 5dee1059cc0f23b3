import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { codeOf } from '../../server/test/tools/authenticator.ts'
import { openBrowser } from '../../server/test/tools/browser.ts'
import { newAccount, PASSWORD, type TestAccount } from './tools/account.ts'
import { addAuthenticator, openConsole } from './tools/browser.ts'
import { eachLook } from './tools/look.ts'
import { enterPassword } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()

/** Gives an account a second factor; resolves with what its authenticator app knows. */
async function useSecondFactor({ username }: TestAccount) {
  const browser = openBrowser(gateway)
  await browser.signIn(username, PASSWORD)
  const path = '/api/auth/two-factor'
  const { json } = await browser.send('POST', `${path}/enable`, { password: PASSWORD })
  await browser.send('POST', `${path}/verify-totp`, { code: codeOf(json.totpURI) })
  return { uri: String(json.totpURI), recoveryCodes: json.backupCodes as readonly string[] }
}

const arrived = (page: Page, at = 'Overview') =>
  page.getByRole('heading', { name: at, exact: true }).waitFor()

it('leads through the sign-in to the screen that was asked for, and out again', async () => {
  const account = await newAccount(gateway)
  const page = await open('/keys?q=none')
  await page.waitForURL(/\/sign-in\?return=/)
  expect(await page.title()).toBe('Sign in · Turnpike')
  await eachLook(page, 'sign-in')

  const enter = page.getByRole('button', { name: 'Sign in' })
  await enter.click()
  expect(await page.getByText('Enter your username.').isVisible()).toBe(true)
  await enterPassword(page, account.username, 'wrong')
  await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor()
  await eachLook(page, 'sign-in-refused')

  await enterPassword(page, account.username)
  await page.waitForURL(/\/keys\?q=none$/)
  await arrived(page, 'API keys')
  expect(await page.title()).toBe('API keys · Turnpike')

  await page.getByRole('button', { name: `Account menu of ${account.username}` }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/sign-in$/)
  await page.goBack()
  await page.waitForURL(/\/sign-in/)
})

it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)'])(
  'does not follow a link to %s after the sign-in',
  async (elsewhere) => {
    const account = await newAccount(gateway)
    const page = await open(`/sign-in?return=${encodeURIComponent(JSON.stringify(elsewhere))}`)
    await enterPassword(page, account.username)
    await page.waitForURL(`${gateway.url}/console/overview`)
  },
)

it('asks for the code of an authenticator after the password', async () => {
  const account = await newAccount(gateway)
  const { uri } = await useSecondFactor(account)
  const page = await open('/sign-in')
  await enterPassword(page, account.username)
  const field = page.getByLabel('Code of your authenticator')
  await field.waitFor()
  expect(await field.evaluate((element) => element === document.activeElement)).toBe(true)
  await eachLook(page, 'sign-in-code')
  await field.fill('000000')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('This code is not valid.').waitFor()
  const code = codeOf(uri)
  await field.fill(`${code.slice(0, 3)} ${code.slice(3)}`)
  await page.keyboard.press('Enter')
  await arrived(page)
})

it('takes a recovery code instead, once', async () => {
  const account = await newAccount(gateway)
  const { recoveryCodes } = await useSecondFactor(account)
  const page = await open('/sign-in')
  await enterPassword(page, account.username)
  await page.getByRole('button', { name: 'Use a recovery code' }).click()
  await page.getByLabel('Recovery code').fill(recoveryCodes[0] ?? '')
  await page.keyboard.press('Enter')
  await arrived(page)
})

it('takes a passkey, which the device makes and gives', async () => {
  const account = await newAccount(gateway)
  const page = await open('/sign-in', { host: 'localhost' })
  await addAuthenticator(page)
  await enterPassword(page, account.username)
  await arrived(page)
  await page.goto(`${page.url().split('/console')[0]}/console/settings/security`)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByLabel('Name').fill('this laptop')
  await page.getByRole('dialog').getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('this laptop').waitFor()
  await page.getByRole('button', { name: /^Account menu/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  const byPasskey = page.getByRole('button', { name: 'Sign in with a passkey' })
  await byPasskey.waitFor()
  await eachLook(page, 'sign-in-passkey')
  await byPasskey.click()
  await arrived(page)
  await page.getByRole('button', { name: `Account menu of ${account.username}` }).waitFor()
})

it('says how long to wait after too many attempts', async () => {
  const { username } = await newAccount(gateway)
  const guesser = openBrowser(gateway)
  // Five go at once; then the wait doubles from a second on.
  for (const waited of [0, 0, 0, 0, 0, 1, 2, 4]) {
    gateway.advance(waited)
    await guesser.signIn(username, 'a guess')
  }
  const page = await open('/sign-in')
  await page.clock.setFixedTime(Date.now())
  await enterPassword(page, username)
  const alert = page.getByRole('alert')
  await alert.getByText('Too many attempts in a short time.').waitFor()
  expect(await alert.innerText()).toMatch(/The next one may come in [5-8] sec/)
  expect(await page.getByRole('button', { name: 'Sign in' }).isDisabled()).toBe(true)
  await eachLook(page, 'sign-in-wait')
  gateway.advance(8)
  await page.clock.setFixedTime(Date.now() + 8000)
  await alert.getByText('You may try again now.').waitFor()
  await enterPassword(page, username)
  await arrived(page)
})
