import { expect, it } from 'vitest'
import { openBrowser } from '../../server/test/tools/browser.ts'
import { newAccount, PASSWORD } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()

async function signedIn(path: string) {
  const account = await newAccount(gateway)
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: account.username, path })
  return { account, page }
}

it('the profile says who is signed in, and sets language and appearance', async () => {
  const { account, page } = await signedIn('/settings')
  await page.getByRole('heading', { name: 'Profile', exact: true }).waitFor()
  expect(await page.title()).toBe('Profile · Turnpike')
  const facts = await page.getByRole('main').innerText()
  expect(facts).toContain(account.username)
  expect(facts).toMatch(/Role\s+Member/)
  expect(facts).toContain(String(account.id))
  expect(facts).toMatch(/\$1,234\.56/)
  await page.getByText('An administrator can set your address.').waitFor()
  await eachLook(page, 'settings-profile')
  const zone = page.getByLabel('Time zone')
  const times = page.getByText('Times look like').locator('..')
  expect(await zone.locator('option').first().innerText()).toBe('As this browser: Europe/Amsterdam')
  await page.clock.setFixedTime(new Date('2026-07-01T20:30:00Z'))
  await zone.selectOption('Asia/Tokyo')
  await times.getByText('2 Jul 2026, 05:30').waitFor()
  await page.getByLabel('Numbers and dates as in').selectOption('US')
  await times.getByText('Jul 2, 2026, 5:30').waitFor()
  await page.getByLabel('Numbers and dates as in').selectOption('AT')
  await page.getByText('1.234,56').waitFor()
  await page.reload()
  await times.getByText('2 Jul 2026, 05:30').waitFor()
  await page.getByText('1.234,56').waitFor()
  await page.getByLabel('Numbers and dates as in').selectOption('')
  await page.getByText('$1,234.56').waitFor()
  await page.getByLabel('Language', { exact: true }).last().selectOption('nl')
  await page.getByRole('heading', { name: 'Profiel', exact: true }).waitFor()
  await page.getByLabel('Weergave', { exact: true }).last().selectOption('dark')
  expect(await page.getAttribute('html', 'data-mantine-color-scheme')).toBe('dark')
})

it('sessions are listed with their devices, and ended one by one or all others at once', async () => {
  const account = await newAccount(gateway)
  const agents = {
    phone:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 Version/18.2 Mobile/15E148 Safari/604.1',
    laptop: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    script: HOSTILE,
  }
  const others = Object.values(agents).map((agent) =>
    openBrowser(gateway, { headers: { 'user-agent': agent } }),
  )
  for (const other of others) await other.signIn(account.username, PASSWORD)
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: account.username, path: '/settings/sessions' })
  const rows = page.getByRole('list', { name: 'Open sessions' }).getByRole('listitem')
  await rows.first().waitFor()
  expect(await rows.count()).toBe(4)
  expect(await rows.first().innerText()).toContain('This session')
  await page.getByText(HOSTILE).waitFor()
  await eachLook(page, 'settings-sessions')

  const phone = rows.filter({ hasText: 'Safari on iPhone' })
  expect(await phone.innerText()).toMatch(/127\.0\.0\.1 · used .+ · signed in \d+ \w+ \d{4}/)
  await phone.getByRole('button', { name: 'End session' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('The session of Safari on iPhone at 127.0.0.1 ends at once.').waitFor()
  await eachLook(page, 'settings-session-end')
  await dialog.getByRole('button', { name: 'End session' }).click()
  await phone.waitFor({ state: 'detached' })
  const states = async () =>
    Promise.all(others.map(async (one) => (await one.send('GET', '/api/user/self')).status))
  expect(await states()).toEqual([401, 200, 200])

  await page.getByRole('button', { name: 'End all others' }).click()
  await dialog.getByText('2 other sessions end at once.').waitFor()
  await dialog.getByRole('button', { name: 'End all others' }).click()
  await rows.nth(1).waitFor({ state: 'detached' })
  expect(await states()).toEqual([401, 401, 401])
  expect(await page.getByRole('button', { name: 'End all others' }).isDisabled()).toBe(true)
})

it('an access token is made with scopes and an end, shown once, works, and is revoked', async () => {
  const { account, page } = await signedIn('/settings/access-tokens')
  // The tests' own token.
  const [own] = (await account.manage('GET', '/api/user/self/access_tokens')).items
  await page.getByRole('button', { name: 'Create a token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Create a token' }).click()
  await dialog.getByText('Enter a name.').waitFor()
  await dialog.getByText('Choose at least one.').waitFor()
  expect(await dialog.getByText('Administer the gateway').count()).toBe(0)
  await dialog.getByLabel('Name').fill(HOSTILE)
  await dialog.getByLabel('Expires').selectOption('30')
  await dialog.getByRole('checkbox', { name: /^Read usage/ }).check()
  await dialog.getByRole('checkbox', { name: /^Create, change and delete/ }).check()
  await eachLook(page, 'settings-token-create')
  await dialog.getByRole('button', { name: 'Create a token' }).click()

  const figure = dialog.getByRole('figure', { name: 'Access token' })
  const token = gateway.secret((await figure.locator('code').innerText()).trim())
  expect(token).toMatch(/^tpat_[\w-]{43}$/)
  await eachLook(page, 'settings-token-created')
  const asked = await gateway.api('GET', '/api/user/self', undefined, { authorization: token })
  expect(asked.json.data.username).toBe(account.username)
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  const row = page.getByRole('row').filter({ hasText: HOSTILE })
  expect(await row.innerText()).toMatch(
    new RegExp(`tpat_…${token.slice(-4)}[\\s\\S]*keys:write, usage:read|usage:read, keys:write`),
  )
  expect(await row.innerText()).toMatch(/in (4 weeks|30 days|1 month)|next month/)
  expect(await page.getByText(token).count()).toBe(0)
  await eachLook(page, 'settings-tokens')

  await row.getByRole('button', { name: 'Revoke' }).click()
  await dialog.getByText(`Programs that use “${HOSTILE}” are refused from now on.`).waitFor()
  await dialog.getByRole('button', { name: 'Revoke' }).click()
  await row.waitFor({ state: 'detached' })
  const after = await gateway.api('GET', '/api/user/self', undefined, { authorization: token })
  expect(after.status).toBe(401)

  await account.manage('DELETE', `/api/user/self/access_tokens/${own.id}`)
  await page.reload()
  await page.getByRole('heading', { name: 'No access tokens yet' }).waitFor()
  await eachLook(page, 'settings-tokens-empty')
})

it('administrators may give the scope admin', async () => {
  const admin = await newAccount(gateway, { role: 'admin' })
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: admin.username, path: '/settings/access-tokens' })
  await page.getByRole('button', { name: 'Create a token' }).click()
  await page.getByRole('checkbox', { name: /^Administer the gateway/ }).waitFor()
})

it('nobody sees tokens and sessions of another account', async () => {
  const ada = await newAccount(gateway)
  await openBrowser(gateway, { headers: { 'user-agent': 'of ada' } }).signIn(ada.username, PASSWORD)
  await ada.manage('POST', '/api/user/self/access_tokens', { name: 'of ada' })
  const { page } = await signedIn('/settings/access-tokens')
  await page.getByRole('row').filter({ hasText: 'console' }).waitFor()
  expect(await page.getByText('of ada').count()).toBe(0)
  await page.getByRole('link', { name: 'Sessions' }).click()
  await page.getByText('This session').waitFor()
  expect(await page.getByText('of ada').count()).toBe(0)
  expect(await page.getByRole('listitem').filter({ hasText: '127.0.0.1' }).count()).toBe(1)
})
