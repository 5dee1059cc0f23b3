import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { fillInstallation } from './tools/installation.ts'
import { eachLook } from './tools/look.ts'
import { signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()
const DAYS = 9
const { account, keys, answeredId } = await fillInstallation(gateway, DAYS)
const keyId = keys[0]?.id

/** What every screen asks first, to know who looks at it. */
const ABOUT_THE_READER = /\/api\/(status|user\/self)(\?|$)/

/** `full`: words that are only there when everything that was asked for is. `within`: opened on another screen. */
const SCREENS = [
  { name: 'overview', path: '/overview', full: 'Support assistant' },
  { name: 'keys', path: '/keys', full: 'Support assistant' },
  { name: 'key', path: `/keys/${keyId}`, full: 'Customer care' },
  { name: 'key-edit', path: `/keys/${keyId}/edit`, full: 'Save' },
  { name: 'usage', path: '/usage', full: 'claude-sonnet-4-5' },
  {
    name: 'usage-call',
    path: `/usage?call=${answeredId}`,
    full: 'Sum, rounded up',
    within: 'dialog',
  },
  { name: 'models', path: '/models', full: 'gemini-2.5-flash' },
  { name: 'playground', path: '/playground', full: 'Made with the first message' },
  { name: 'wallet', path: '/wallet', full: 'Starting balance' },
  { name: 'settings-security', path: '/settings/security', full: 'Set up' },
  { name: 'settings-sessions', path: '/settings/sessions', full: 'This session' },
  { name: 'settings-tokens', path: '/settings/access-tokens', full: 'console' },
] as const

/** What the API does with what a screen asks: it waits, fails, or answers. */
async function holdApi(page: Page) {
  let state: 'waits' | 'fails' | 'answers' = 'waits'
  let goOn = () => {}
  let changed = new Promise<void>((resolve) => {
    goOn = resolve
  })
  await page.route('**/api/**', async (route) => {
    if (ABOUT_THE_READER.test(route.request().url())) return route.continue()
    while (state === 'waits') await changed
    if (state === 'answers') return route.continue().catch(() => {})
    const headers = { 'x-error-code': 'internal', 'x-request-id': 'req_of_a_failure' }
    const json = { success: false, message: 'something went wrong in the gateway' }
    return route.fulfill({ status: 500, headers, json }).catch(() => {})
  })
  return (next: typeof state) => {
    state = next
    goOn()
    changed = new Promise<void>((resolve) => {
      goOn = resolve
    })
  }
}

it.each(SCREENS)('$name: loading, failing, and full', { timeout: 120_000 }, async (screen) => {
  const { name, path, full } = screen
  const page = await open('/sign-in', { troubled: true })
  await signInAt(page, { gateway, username: account.username, path: '/settings' })
  const api = await holdApi(page)
  await page.evaluate((to) => window.location.assign(`/console${to}`), path)
  const waiting = page.locator('[aria-busy="true"], .mantine-Skeleton-root').first()
  await waiting.waitFor()
  expect(await page.getByText(full).count()).toBe(0)
  await eachLook(page, `${name}-loading`)

  api('fails')
  const place = 'within' in screen ? page.getByRole(screen.within) : page.locator('body')
  const alert = place.getByRole('alert').first()
  await alert.waitFor({ timeout: 20_000 })
  expect(await alert.innerText()).toMatch(/went wrong[\s\S]*req_of_a_failure/i)
  await expect.poll(() => waiting.count(), { timeout: 20_000 }).toBe(0)
  await eachLook(page, `${name}-error`)

  api('answers')
  const again = place.getByRole('button', { name: 'Try again' })
  for (let left = await again.count(); left > 0; left--) await again.first().click()
  await page.getByText(full).first().waitFor()
  await expect.poll(() => place.getByRole('alert').count()).toBe(0)
  await eachLook(page, `${name}-full`)
})

/** Forms that are sent: what is filled in, and the button that sends it. */
const FORMS = [
  { name: 'sign-in', path: '/sign-in', send: 'Sign in' },
  { name: 'sign-up', path: '/sign-up#token=a-token', send: 'Create the account' },
  { name: 'reset-password', path: '/reset-password#token=a-token', send: 'Set the password' },
  { name: 'key-new', path: '/keys/new', send: 'Create key' },
  { name: 'set-up-channel', path: '/set-up?step=channel', send: 'Connect and test' },
] as const

it.each(FORMS)('$name: on its way', async ({ name, path, send }) => {
  const admin = await newAccount(gateway, {
    role: 'admin',
    scopes: ['admin', 'keys:read', 'keys:write'],
  })
  await gateway.manage('PUT', '/api/setting/', { 'sign_up.mode': 'invite' })
  const isInside = path.startsWith('/keys') || path.startsWith('/set-up')
  const page = await open(path, isInside ? { as: admin.token } : {})
  await page.route('**/api/**', async (route) => {
    if (route.request().method() === 'GET') await route.continue()
  })
  const fields = page.locator(
    'form input:is([type="text"], [type="password"], :not([type])):not([readonly]):visible',
  )
  for (const field of await fields.all()) await field.fill('violet ladder seventeen')
  const button = page.getByRole('button', { name: send })
  await button.click()
  await page.locator('button[data-loading]').waitFor()
  await eachLook(page, `${name}-loading`)
})
