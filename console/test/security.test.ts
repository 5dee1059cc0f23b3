import { readFileSync } from 'node:fs'
import { encode } from 'uqr'
import { expect, it } from 'vitest'
import { codeOf } from '../../server/test/tools/authenticator.ts'
import { openBrowser } from '../../server/test/tools/browser.ts'
import { newAccount, PASSWORD } from './tools/account.ts'
import { addAuthenticator, openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { enterPassword, signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()

async function signedIn() {
  const account = await newAccount(gateway)
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: account.username, path: '/settings/security' })
  return { account, page, dialog: page.getByRole('dialog') }
}

it('a password is changed by who knows the present one, which ends other sessions', async () => {
  const { account, page, dialog } = await signedIn()
  const other = openBrowser(gateway)
  await other.signIn(account.username, PASSWORD)
  await page.getByRole('button', { name: 'Change the password' }).click()
  const send = dialog.getByRole('button', { name: 'Change the password' })
  await dialog.getByLabel('Present password').fill('not it at all')
  await dialog.getByLabel('New password').fill('short')
  await send.click()
  await dialog.getByText('Use at least 8 characters.').waitFor()
  const next = gateway.secret('violet ladder seventeen')
  await dialog.getByLabel('New password').fill(next)
  await send.click()
  await dialog.getByText('This is not your present password.').waitFor()
  await eachLook(page, 'settings-password')
  await dialog.getByLabel('Present password').fill(PASSWORD)
  await send.click()
  await page.getByText('Your password was changed. Your other sessions have ended.').waitFor()
  expect((await other.send('GET', '/api/user/self')).status).toBe(401)
  expect((await other.signIn(account.username, next)).status).toBe(200)
})

it('a second factor is set up, renewed and switched off', async () => {
  const { account, page, dialog } = await signedIn()
  await page.getByRole('button', { name: 'Set up' }).click()
  await dialog.getByLabel('Present password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Continue' }).click()
  const uri = await dialog
    .getByRole('link', { name: /^Open in an authenticator/ })
    .getAttribute('href')
  expect(uri).toMatch(/^otpauth:\/\/totp\/Turnpike:/)
  const picture = dialog.getByRole('img', { name: 'The secret as a QR code' }).locator('path')
  const dark = encode(uri ?? '', { border: 4 })
    .data.flat()
    .filter(Boolean)
  expect((await picture.getAttribute('d'))?.match(/M/g)).toHaveLength(dark.length)
  await eachLook(page, 'settings-second-factor')
  await dialog.getByLabel('Code of your authenticator').fill('000000')
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await dialog.getByText('This code is not valid.').waitFor()
  await dialog.getByLabel('Code of your authenticator').fill(codeOf(uri ?? ''))
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  const codes = dialog.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')
  await codes.first().waitFor()
  const recovery = await codes.allInnerTexts()
  expect(recovery).toHaveLength(10)
  await eachLook(page, 'settings-recovery-codes')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('link', { name: 'Download' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('turnpike-recovery-codes.txt')
  expect(readFileSync(await download.path(), 'utf8')).toBe(`${recovery.join('\n')}\n`)
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  const card = page.getByRole('region', { name: 'Second factor' })
  await card.getByText('On', { exact: true }).waitFor()
  await eachLook(page, 'settings-security')

  await card.getByRole('button', { name: 'New recovery codes' }).click()
  await dialog.getByLabel('Present password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Make new codes' }).click()
  await codes.first().waitFor()
  const renewed = await codes.allInnerTexts()
  expect(renewed).not.toEqual(recovery)
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  const browser = openBrowser(gateway)
  const recover = async (code = '') => {
    await browser.signIn(account.username, PASSWORD)
    return (await browser.send('POST', '/api/auth/two-factor/verify-backup-code', { code })).status
  }
  expect(await recover(recovery[0])).toBe(401)
  expect(await recover(renewed[0])).toBe(200)

  await card.getByRole('button', { name: 'Switch off' }).click()
  await dialog.getByLabel('Present password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Switch off' }).click()
  await card.getByText('Off', { exact: true }).waitFor()
  expect((await browser.signIn(account.username, PASSWORD)).json.twoFactorRedirect).toBe(undefined)
})

it('passkeys are added, renamed and removed by their owner', async () => {
  const { username } = await newAccount(gateway)
  const page = await open('/sign-in', { host: 'localhost' })
  await addAuthenticator(page)
  await enterPassword(page, username)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'Security' }).click()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('this laptop')
  await dialog.getByRole('button', { name: 'Add a passkey' }).click()
  const rows = page.getByRole('list', { name: 'Passkeys' }).getByRole('listitem')
  await rows.filter({ hasText: 'this laptop' }).waitFor()
  await rows.getByRole('button', { name: 'Rename: this laptop' }).click()
  await dialog.getByLabel('Name').fill(HOSTILE)
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await rows.filter({ hasText: HOSTILE }).waitFor()
  await eachLook(page, 'settings-passkeys')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await dialog.getByRole('button', { name: 'Add a passkey' }).click()
  await dialog.getByText('This device already has a passkey for your account.').waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).last().click()
  await rows.getByRole('button', { name: /^Remove/ }).click()
  await dialog.getByText(`“${HOSTILE}” will sign nobody in any more.`).waitFor()
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await rows.first().waitFor({ state: 'detached' })
})

it('at an address in numbers it says where passkeys work', async () => {
  const { page } = await signedIn()
  await page.getByText('Passkeys need a host name and an encrypted connection').waitFor()
  expect(await page.getByRole('button', { name: 'Add a passkey' }).isDisabled()).toBe(true)
})

it('a session of yesterday adds no passkey, and is told why', async () => {
  const { username } = await newAccount(gateway)
  const page = await open('/sign-in', { host: 'localhost' })
  await addAuthenticator(page)
  await enterPassword(page, username)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'Security' }).click()
  gateway.advance(86_401)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('alert').getByText('You signed in more than a day ago.').waitFor()
  gateway.advance(-86_401)
})

it('an account without a password gets one, and is told how to change it from then on', async () => {
  const account = await newAccount(gateway)
  const page = await open('/sign-in')
  const { username } = account
  await signInAt(page, { gateway, username, path: '/settings' })
  // As if another provider had vouched for its owner.
  await gateway.database.tamper(`update account set password_hash = null where id = ${account.id}`)
  await page.goto(`${gateway.url}/console/settings/security`)
  const card = page.getByRole('region', { name: 'Password' })
  await card.getByText('Your account has none').waitFor()
  await eachLook(page, 'settings-password-none')
  await card.getByRole('button', { name: 'Set a password' }).click()
  const dialog = page.getByRole('dialog')
  const chosen = gateway.secret('lanterns over the canal')
  await dialog.getByLabel('New password').fill('short')
  await dialog.getByRole('button', { name: 'Set a password' }).click()
  await dialog.getByText('Use at least 8 characters.').waitFor()
  await dialog.getByLabel('New password').fill(chosen)
  await eachLook(page, 'settings-password-set')
  await dialog.getByRole('button', { name: 'Set a password' }).click()
  await card.getByRole('button', { name: 'Change the password' }).waitFor()
  expect((await openBrowser(gateway).signIn(username, chosen)).status).toBe(200)
})
