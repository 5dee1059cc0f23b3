import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { asking } from '../../server/test/tools/calls.ts'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
const model = await gateway.offer('form-model')
await gateway.manage('POST', '/api/group/', {
  name: 'vip',
  ratio: 1.5,
  description: 'Low latency.',
})

/** Presses Tab until the focus is on what is called so, as a screen reader would say it. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement
      const label = element?.id ? document.querySelector(`label[for="${element.id}"]`) : null
      return element?.getAttribute('aria-label') ?? label?.textContent ?? element?.textContent ?? ''
    })
    if (typeof name === 'string' ? focused.trim() === name : name.test(focused)) return
  }
  throw new Error(`the keyboard does not reach ${name}`)
}

const MOST_STOPS = 40
/** What a scripted answer costs, of 10 tokens and 5. */
const SPENT_UNITS = 30
const SPENT = '$0.00006'

it('the keyboard alone makes a key, which is shown once and opens the model', async () => {
  const { token, manage } = await newAccount(gateway)
  const page = await open('/overview', { as: token })
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())
  await tabTo(page, 'API keys')
  await press('Enter')
  await page.waitForURL(/\/keys$/)
  await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  await tabTo(page, 'Create key')
  await press('Enter')
  await page.waitForURL(/\/keys\/new$/)
  // The heading has the focus; the first stop behind it is the name.
  await page.locator('h1:focus').waitFor()
  await press('Tab')
  await page.keyboard.type('by keyboard')
  // Quota: the arrows choose; then its amount, and its end in a list.
  await press('Tab', 'ArrowRight', 'Tab')
  await page.keyboard.type('2.5')
  await tabTo(page, 'Expires')
  await press('ArrowDown', 'ArrowDown', 'Enter')
  await tabTo(page, /^Addresses/)
  await press('Enter', 'Tab')
  await page.keyboard.type('127.0.0.1')
  await tabTo(page, 'Create key')
  await press('Enter')
  await page.getByRole('heading', { name: 'Your key is ready' }).waitFor()
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
  const value = await page.getByRole('figure', { name: 'Key' }).locator('code').innerText()
  gateway.secret(value.slice(3))
  expect(value).toMatch(/^sk-[A-Za-z0-9]{48}$/)
  expect(await page.locator('pre').innerText()).toContain(`curl ${gateway.url}/v1/chat/completions`)
  for (const [sdk, line] of [
    ['Python', `base_url="${gateway.url}/v1"`],
    ['TypeScript', `baseURL: '${gateway.url}/v1'`],
    ['Anthropic', `Anthropic(base_url="${gateway.url}"`],
  ] as const) {
    await page.getByRole('radiogroup').getByText(sdk).click()
    const code = await page.locator('pre').innerText()
    expect(code).toContain(line)
    expect(code).toContain(value)
  }
  await eachLook(page, 'key-created')

  const called = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${value}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] }),
  })
  expect(called.status).toBe(200)
  await page.getByRole('link', { name: 'Open the key' }).click()
  await page.getByRole('heading', { name: 'by keyboard' }).waitFor()
  expect(await page.content()).not.toContain(value)
  const [made] = (await manage('GET', '/api/token/')).items
  expect(made).toMatchObject({ unlimited_quota: false, allow_ips: '127.0.0.1' })
  expect(made.remain_quota + made.used_quota).toBe(1_250_000)
  expect(made.expired_time).toBeGreaterThan(Date.now() / 1000)
})

it('every field is sent as it was typed, and comes back when the key is edited', async () => {
  const { token, manage } = await newAccount(gateway, { groups: ['vip', 'auto'] })
  const page = await open('/keys/new', { as: token, timezoneId: 'Asia/Tokyo' })
  const choose = async (field: string, option: string | RegExp) => {
    await page.getByRole('combobox', { name: field, exact: true }).click()
    await page.getByRole('option', { name: option }).click()
  }
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(HOSTILE)
  await page.getByText('Limited', { exact: true }).click()
  await page.getByRole('textbox', { name: 'Amount' }).fill('12.5')
  await page.getByText('6,250,000 units').waitFor()
  await choose('Expires', 'At a time of your own')
  await page.getByLabel('Date and time').fill('2033-05-18T12:33')
  await page.getByText('18 May 2033, 12:33 (Asia/Tokyo)').waitFor()

  await page.getByRole('button', { name: /^Models/ }).click()
  const models = page.getByRole('combobox', { name: 'Models it may call' })
  await models.pressSequentially(`${model},tomorrow,`)
  await page.getByText('Not served at present: tomorrow.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Addresses/ }).click()
  const addresses = page.getByRole('textbox', { name: 'Addresses it may call from' })
  await addresses.fill('203.0.113.7\n10.0.0.0/33')
  await page.getByText('Line 2, “10.0.0.0/33”: write a range as /0 to /32.').waitFor()
  await addresses.fill('2001:db8::/48')
  await page.getByRole('button', { name: 'Add my address' }).click()
  await expect.poll(() => addresses.inputValue()).toBe('2001:db8::/48\n127.0.0.1')

  await page.getByRole('button', { name: /^Group/ }).click()
  expect(await page.getByText('Go on to the next group').count()).toBe(0)
  await choose('Group', /^vip \(× 1\.5\)/)
  await page.getByText('Low latency.').waitFor()
  await choose('Group', /^auto/)
  const next = page.getByRole('combobox', { name: 'Next group' })
  await next.fill('vip')
  await next.press('Enter')
  await next.fill('default')
  await next.press('Enter')
  await page.getByRole('button', { name: 'Move default up' }).click()
  await page.getByRole('switch', { name: 'Go on to the next group' }).check()

  await page.getByRole('button', { name: /^Limits and budgets/ }).click()
  await page.getByRole('textbox', { name: 'Requests a minute' }).fill('60')
  await page.getByRole('textbox', { name: 'Tokens a minute' }).fill('100000')
  await page.getByRole('textbox', { name: 'Calls at a time' }).fill('4')
  await page.getByRole('button', { name: 'Add a budget' }).click()
  const budget = page.getByRole('group', { name: 'Daily budget' })
  await budget.getByRole('textbox', { name: 'Amount' }).fill('1')

  await page.getByRole('button', { name: /^Fallbacks and metadata/ }).click()
  await page.getByRole('combobox', { name: 'Next model' }).fill('tomorrow')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Add an entry' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).last().fill('team')
  await page.getByRole('textbox', { name: 'Value' }).fill(HOSTILE)
  await eachLook(page, 'key-form')
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByRole('heading', { name: 'Your key is ready' }).waitFor()
  const value = await page.getByRole('figure', { name: 'Key' }).locator('code').innerText()
  gateway.secret(value.slice(3))

  const made = (await manage('GET', '/api/token/')).items[0]
  const sent = {
    name: HOSTILE,
    expired_time: Date.UTC(2033, 4, 18, 3, 33) / 1000,
    remain_quota: 6_250_000,
    unlimited_quota: false,
    model_limits_enabled: true,
    model_limits: `${model},tomorrow`,
    allow_ips: '2001:db8::/48\n127.0.0.1',
    group: 'auto',
    cross_group_retry: true,
    auto_groups: ['default', 'vip'],
    fallback_models: ['tomorrow'],
    metadata: { team: HOSTILE },
    rpm_limit: 60,
    tpm_limit: 100_000,
    max_concurrent: 4,
    budgets: [{ period: 'day', amount: 500_000, tz: 'Asia/Tokyo' }],
  }
  expect(made).toMatchObject(sent)

  // With all of these rules it calls its model, and what that cost is seen wherever costs are.
  expect((await gateway.call(asking(model), value)).status).toBe(200)
  await page.getByRole('link', { name: 'Open the key' }).click()
  await page.getByRole('heading', { name: HOSTILE }).waitFor()
  for (const link of ['Wallet', 'Usage', 'Overview'] as const) {
    await page.getByRole('link', { name: link, exact: true }).click()
    await page.getByText(SPENT).first().waitFor()
  }
  await page.getByRole('region', { name: 'Top keys' }).getByText(SPENT).waitFor()
  await page.goto(`${gateway.url}/console/keys/${made.id}`)
  const used = page.locator('dl > div').filter({ has: page.getByText('Used', { exact: true }) })
  expect(await used.innerText()).toMatch(/Used\s+\$0\.00006/)

  await page.getByRole('link', { name: 'Edit' }).click()
  await page.waitForURL(/\/edit$/)
  await page.getByRole('textbox', { name: 'Requests a minute' }).fill('')
  await page.getByRole('textbox', { name: 'Name', exact: true }).first().fill('renamed')
  const update = page.waitForRequest((request) => request.method() === 'PUT')
  await page.getByRole('button', { name: 'Save' }).click()
  expect((await update).postDataJSON()).toEqual({ id: made.id, name: 'renamed', rpm_limit: null })
  await page.getByRole('heading', { name: 'renamed' }).waitFor()
  const { rpm_limit: _taken, ...kept } = sent
  const after = await manage('GET', `/api/token/${made.id}`)
  const left = sent.remain_quota - SPENT_UNITS
  expect(after).toMatchObject({ ...kept, name: 'renamed', remain_quota: left })
  expect(after.rpm_limit).toBeUndefined()
})

it('what is wrong is said at its field, which takes the focus', async () => {
  const { token, manage } = await newAccount(gateway)
  const page = await open('/keys/new', { as: token })
  const name = page.getByRole('textbox', { name: 'Name', exact: true })
  await name.fill('😀'.repeat(50))
  await page.getByText('50 / 50').waitFor()
  expect(await page.getByText('At most 50 characters.').count()).toBe(0)
  await name.fill('😀'.repeat(51))
  await page.getByText('At most 50 characters.').waitFor()
  await name.fill('fine')
  await page.getByRole('button', { name: /^Addresses/ }).click()
  await page.getByRole('textbox', { name: 'Addresses it may call from' }).fill('fe80::1%eth0')
  await page.getByRole('button', { name: /^Addresses/ }).click()
  await page.getByText('Limited', { exact: true }).click()
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByText('Enter an amount, or choose Unlimited.').waitFor()
  await page.getByText('leave out % and what follows.').waitFor()
  await eachLook(page, 'key-form-wrong')
  await page.getByRole('textbox', { name: 'Addresses it may call from' }).fill('')
  await page.getByText('Unlimited', { exact: true }).click()

  // What only the server knows comes back to its field, too, and opens the section.
  await page.getByRole('button', { name: /^Limits and budgets/ }).click()
  await page.getByRole('button', { name: 'Add a budget' }).click()
  await page.getByRole('textbox', { name: 'Amount' }).fill('1')
  await page.getByRole('combobox', { name: 'Time zone' }).fill('Mars/Olympus')
  await page.getByRole('button', { name: /^Limits and budgets/ }).click()
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByText('Budgets[0].tz must be an IANA time zone').waitFor()
  expect((await manage('GET', '/api/token/')).total).toBe(0)
})

it('what was typed is not lost by a link, by going back or by closing the page without a question', async () => {
  const { token, manage } = await newAccount(gateway)
  const { id, key } = await manage('POST', '/api/token/', { name: 'kept', unlimited_quota: true })
  gateway.secret(key)
  const page = await open('/keys', { as: token })
  await page.goto(`${gateway.url}/console/keys/${id}/edit`)
  const name = page.getByRole('textbox', { name: 'Name' })
  const question = page.getByRole('dialog', { name: 'Leave without saving?' })
  // Nothing was typed yet.
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.waitForURL(/\/keys\/\d+$/)
  await page.getByRole('link', { name: 'Edit' }).click()
  await name.fill('changed')
  await page.getByRole('link', { name: 'Wallet' }).first().click()
  await question.getByText('is not saved').waitFor()
  await eachLook(page, 'key-form-unsaved')
  await question.getByRole('button', { name: 'Cancel' }).last().click()
  await question.waitFor({ state: 'hidden' })
  expect(await name.inputValue()).toBe('changed')
  await page.goBack()
  await question.waitFor()
  await page.keyboard.press('Escape')
  await question.waitFor({ state: 'hidden' })
  expect(page.url()).toContain('/edit')
  const asked = page.waitForEvent('dialog')
  const leaving = page.reload({ waitUntil: 'commit' }).catch(() => undefined)
  const dialog = await asked
  expect(dialog.type()).toBe('beforeunload')
  await dialog.dismiss()
  await leaving
  expect(await name.inputValue()).toBe('changed')

  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL(/\/keys\/\d+$/)
  expect((await manage('GET', `/api/token/${id}`)).name).toBe('changed')
  await page.getByRole('link', { name: 'Edit' }).click()
  await name.fill('given up')
  await page.getByRole('link', { name: 'Cancel' }).click()
  await question.getByRole('button', { name: 'Discard' }).click()
  await page.waitForURL(/\/keys\/\d+$/)
  expect((await manage('GET', `/api/token/${id}`)).name).toBe('changed')
})

it('an expiry is read and written on the walls of the zone that was chosen, also where clocks are put back', async () => {
  const { token, manage } = await newAccount(gateway)
  const page = await open('/keys', { as: token })
  await page.evaluate(() => localStorage.setItem('turnpike.time_zone', 'America/New_York'))
  // Half past one comes twice in November: the first time is meant, as nobody can tell.
  const cases = [
    ['2033-03-13T01:59', Date.UTC(2033, 2, 13, 6, 59)],
    ['2033-03-13T03:00', Date.UTC(2033, 2, 13, 7, 0)],
    ['2033-11-06T00:30', Date.UTC(2033, 10, 6, 4, 30)],
    ['2033-11-06T01:30', Date.UTC(2033, 10, 6, 5, 30)],
    ['2033-11-06T02:30', Date.UTC(2033, 10, 6, 7, 30)],
  ] as const
  const { id, key } = await manage('POST', '/api/token/', { name: 'timed', unlimited_quota: true })
  gateway.secret(key)
  for (const [wall, expected] of cases) {
    await page.goto(`${gateway.url}/console/keys/${id}/edit`)
    await page.getByRole('combobox', { name: 'Expires', exact: true }).click()
    await page.getByRole('option', { name: 'At a time of your own' }).click()
    await page.getByLabel('Date and time').fill(wall)
    await page.getByText('(America/New_York)').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.waitForURL(/\/keys\/\d+$/)
    expect((await manage('GET', `/api/token/${id}`)).expired_time, wall).toBe(expected / 1000)
    await page.goto(`${gateway.url}/console/keys/${id}/edit`)
    expect(await page.getByLabel('Date and time').inputValue()).toBe(wall)
  }
})
