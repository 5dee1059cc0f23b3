import { expect, it } from 'vitest'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()
const HOUR = 3600
const nowSeconds = () => Math.floor(Date.now() / 1000)

it('an account without keys is told what to do', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/keys', { as: token })
  await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  expect(await page.getByRole('link', { name: 'Create key' }).getAttribute('href')).toBe(
    '/console/keys/new',
  )
  await eachLook(page, 'keys-empty')
})

it('the list says of each key whether it works, why not, and what it has left', async () => {
  const { token, manage } = await newAccount(gateway)
  const create = (fields: object) => manage('POST', '/api/token/', fields)
  await create({ name: HOSTILE, unlimited_quota: true })
  await create({ name: 'batch jobs', expired_time: nowSeconds() - 3 * 24 * HOUR, remain_quota: 9 })
  await create({ name: 'demo', remain_quota: 0 })
  const off = await create({ name: 'old laptop', remain_quota: 750_000 })
  await manage('PUT', '/api/token/', { id: off.id, status: 2 })
  await create({ name: 'website', remain_quota: 1, expired_time: nowSeconds() + 49 * HOUR })
  await create({ name: '', remain_quota: 1_234_567_890, group: 'default' })

  const page = await open('/keys', { as: token })
  const row = (name: string) => page.getByRole('row').filter({ hasText: name }).innerText()
  await page.getByRole('row').filter({ hasText: 'website' }).waitFor()
  expect(await row(HOSTILE)).toMatch(/Enabled[\s\S]*Unlimited/)
  expect(await row('batch jobs')).toMatch(/Expired\s+3 days ago/)
  expect(await row('demo')).toMatch(/Exhausted\s+No quota left[\s\S]*\$0\.00/)
  expect(await row('old laptop')).toMatch(/Disabled\s+Switched off[\s\S]*\$1\.50[\s\S]*Never/)
  expect(await row('website')).toMatch(/Enabled\s+Expires in 2 days[\s\S]*\$0\.000002/)
  expect(await row('Unnamed')).toMatch(/sk-\w{4}…\w{4}[\s\S]*\$2,469\.14[\s\S]*default/)
  await eachLook(page, 'keys')

  const names = () => page.getByRole('row').locator('a').allInnerTexts()
  await page.getByRole('combobox', { name: 'Sort by' }).selectOption('Name')
  await page.waitForURL(/\?sort=name$/)
  await expect
    .poll(names)
    .toEqual(['Unnamed', HOSTILE, 'batch jobs', 'demo', 'old laptop', 'website'])
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Enabled')
  await page.getByText('3 keys', { exact: true }).waitFor()
  await expect.poll(names).toEqual(['Unnamed', HOSTILE, 'website'])

  await page.goto(`${gateway.url}/console/keys`)
  await page.getByRole('searchbox').fill('LAPTOP')
  await page.waitForURL(/\?q=LAPTOP$/)
  await page.getByText('1 key', { exact: true }).waitFor()
  expect(await page.getByRole('row').count()).toBe(2)
  await page.getByRole('searchbox').fill('nobody')
  await page.getByRole('heading', { name: 'No key is named like “nobody”' }).waitFor()
  await eachLook(page, 'keys-none-found')
})

it('nobody sees the keys of another account', async () => {
  const [ada, ben] = await Promise.all([newAccount(gateway), newAccount(gateway)])
  const { id } = await ada.manage('POST', '/api/token/', { name: 'of ada' })
  const page = await open('/keys', { as: ben.token })
  await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  expect(await page.getByText('of ada').count()).toBe(0)
  for (const path of [`/keys/${id}`, `/keys/${id}/edit`]) {
    await page.goto(`${gateway.url}/console${path}`)
    await page.getByText('This key does not exist.').waitFor()
  }
})

it('several keys are disabled, enabled and deleted together, and a deletion can be undone', async () => {
  const { username, manage } = await newAccount(gateway)
  for (const name of ['one', 'two', 'three']) {
    await manage('POST', '/api/token/', { name, unlimited_quota: true })
  }
  await manage('POST', '/api/token/', { name: 'empty' })
  // By a session: what is sent while the page closes carries its cookie.
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username, path: '/keys' })
  const statuses = async () => {
    const { items } = await manage('GET', '/api/token/')
    return items.map(({ status }: { status: number }) => status)
  }
  await page.getByRole('checkbox', { name: 'Select two' }).check()
  await page.getByRole('button', { name: 'Select all 4' }).click()
  await page.getByText('4 keys selected').waitFor()
  await eachLook(page, 'keys-selected')
  await page.getByRole('button', { name: 'Disable', exact: true }).click()
  await expect.poll(statuses).toEqual([2, 2, 2, 2])
  await page.getByRole('searchbox').waitFor()

  await page.getByRole('checkbox', { name: 'Select one' }).check()
  const go = Promise.withResolvers<void>()
  await page.route('**/api/token/?*', (route) => go.promise.then(() => route.continue()))
  await page.getByRole('button', { name: 'Select all 4' }).click()
  // Until all of them are there it would be done to fewer than are meant.
  const enable = page.getByRole('button', { name: 'Enable', exact: true })
  await expect.poll(() => enable.isDisabled()).toBe(true)
  go.resolve()
  await enable.click()
  await page.unroute('**/api/token/?*')
  await page.getByText('empty: It has no quota left. Add some first.').waitFor()
  expect(await statuses()).toEqual([2, 1, 1, 1])
  await page.getByRole('searchbox').waitFor()

  await page.getByRole('checkbox', { name: 'Select one' }).check()
  await page.getByRole('checkbox', { name: 'Select two' }).check()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByText('2 keys stop working at once.').waitFor()
  await eachLook(page, 'keys-delete')
  await page.getByRole('button', { name: 'Delete 2 keys' }).click()
  await page.getByText('2 keys were deleted.').waitFor()
  expect(await statuses()).toEqual([2, 1, 2, 2])
  await page.getByText('Being deleted').first().waitFor()
  await eachLook(page, 'keys-deleted')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(statuses).toEqual([2, 1, 1, 1])

  const menu = page.getByRole('button', { name: 'Actions for three' })
  await menu.focus()
  await page.keyboard.press('Enter')
  const opened = page.getByRole('menu')
  await expect.poll(() => opened.evaluate((one) => one.contains(document.activeElement))).toBe(true)
  await page.keyboard.press('Escape')
  await expect.poll(() => menu.evaluate((one) => one === document.activeElement)).toBe(true)
  await opened.waitFor({ state: 'hidden' })
  await menu.click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete key' }).click()
  await page.getByText('“three” was deleted.').waitFor()
  // Whoever leaves is not asked again: it is gone.
  await page.goto('about:blank')
  const total = async () => (await manage('GET', '/api/token/')).total
  await expect.poll(total, { timeout: 5000 }).toBe(3)
})

it('on a phone several keys are chosen by touch, and the focus stays with what can be done', async () => {
  const { token, manage } = await newAccount(gateway)
  for (const name of ['one', 'two', 'three']) {
    await manage('POST', '/api/token/', { name, unlimited_quota: true })
  }
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
  const page = await open('/keys', { as: token, ...phone })
  const select = page.getByRole('button', { name: 'Select several' })
  expect(await page.getByRole('checkbox').count()).toBe(0)
  await select.tap()
  const bar = page.getByRole('region', { name: 'Selected keys' })
  expect(await bar.evaluate((element) => element === document.activeElement)).toBe(true)
  await bar.getByText('0 keys selected').waitFor()
  expect(await bar.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true)
  // Beside the box, where a finger lands.
  const box = await page.getByRole('checkbox', { name: 'Select two' }).boundingBox()
  await page.touchscreen.tap((box?.x ?? 0) - 8, (box?.y ?? 0) - 12)
  await page.getByRole('checkbox', { name: 'Select three' }).tap()
  await bar.getByText('2 keys selected').waitFor()
  await eachLook(page, 'keys-selected-phone')
  await page.setViewportSize(phone.viewport)
  await bar.getByRole('button', { name: 'Disable' }).tap()
  await select.waitFor()
  expect(await select.evaluate((element) => element === document.activeElement)).toBe(true)
  const { items } = await manage('GET', '/api/token/')
  expect(items.map(({ status }: { status: number }) => status)).toEqual([2, 2, 1])
  expect(await page.getByRole('checkbox').count()).toBe(0)
})

it('a thousand keys are a table of a few rows that scrolls to any of them', async () => {
  await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 100_000 })
  const { token, manage } = await newAccount(gateway)
  for (let hundred = 0; hundred < 10; hundred++) {
    const names = Array.from({ length: 100 }, (_, at) => `key ${hundred * 100 + at}`)
    await Promise.all(names.map((name) => manage('POST', '/api/token/', { name })))
  }
  const page = await open('/keys', { as: token })
  await page.getByText('1,000 keys').waitFor()
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('1001')
  expect(await page.getByRole('row').count()).toBeLessThan(50)
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
  const last = page.locator('[aria-rowindex="1001"]')
  await last.getByText(/^key \d+$/).waitFor()
  expect(await page.getByRole('row').count()).toBeLessThan(50)
  await last.getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Select all 1,000' }).click()
  await page.getByText('1,000 keys selected').waitFor()
})

it('a failure is told in words, with the request id, and can be tried again', async () => {
  const { token } = await newAccount(gateway, { scopes: ['usage:read'] })
  const page = await open('/keys', { as: token })
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toMatch(/Your account may not do this\.\s+Request [0-9a-f]{32}/)
  await eachLook(page, 'keys-failure')
  const again = page.waitForResponse(/\/api\/token\/search\?/)
  await alert.getByRole('button', { name: 'Try again' }).click()
  await again
})
