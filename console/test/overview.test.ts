import { beforeAll, expect, it } from 'vitest'
import { asking } from '../../server/test/tools/calls.ts'
import { newAccount, type TestAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { callForDays, offerModels } from './tools/history.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
let ada: TestAccount
let ahead: number

beforeAll(async () => {
  await offerModels(gateway)
  ada = await newAccount(gateway)
  ;({ ahead } = await callForDays(gateway, ada))
})

/** The browser's clock shows what the gateway's shows. */
const openLater = (path: string, as: string) => open(path, { as, nowMs: Date.now() + ahead * 1000 })

it('shows what the calls of a time cost, by model and key', async () => {
  const page = await openLater('/', ada.token)
  await page.waitForURL(/\/overview$/)
  const figure = (name: string) =>
    page.locator('dl > div').filter({ hasText: name }).first().innerText()
  await page.getByText('Top models').waitFor()
  const sums = await ada.manage('GET', '/api/log/self/stat')
  expect(sums.requests).toBeGreaterThan(20)
  expect(await figure('Requests')).toMatch(
    new RegExp(`Requests\\s+${sums.requests}\\s+None before`),
  )
  expect(await figure('Errors')).toMatch(/Errors\s+1\s+[\d.]+% of requests/)
  expect(await figure('Balance')).toMatch(/Balance\s+\$9\d\.\d\d\s+Lasts \d+ days/)
  expect(await figure('Latency')).toMatch(/Latency\s+\d+ ms\s+\d+ ms to first token/)
  const bars = page.locator('[aria-hidden] > div > svg')
  await bars.locator('path').first().waitFor()
  const held = page.locator('[aria-hidden]:has(> div > svg) strong')
  await bars.hover()
  expect(await held.innerText()).toMatch(/^\d+ \w+$/)
  await page.mouse.move(0, 0)
  await held.waitFor({ state: 'detached' })
  await page.getByRole('list', { name: 'What the colours stand for' }).waitFor()
  const table = page.getByRole('table', { name: 'Spend' })
  expect(await table.getByRole('row').count()).toBe(4)
  expect(await page.getByRole('region', { name: 'Top keys' }).innerText()).toContain(HOSTILE)
  await eachLook(page, 'overview')

  await page.getByRole('combobox', { name: 'Told apart by' }).selectOption('key')
  await page.waitForURL(/by=key/)
  await table.getByRole('columnheader', { name: 'website' }).waitFor()
  await page.getByText('24 hours').click()
  await page.waitForURL(/period=24h/)
  expect(await page.getByRole('radio', { name: 'Day', exact: true }).isDisabled()).toBe(true)
  await page.getByRole('combobox', { name: 'What is shown' }).selectOption('failed')
  await page.getByRole('table', { name: 'Errors' }).waitFor()
  await page.getByText('Custom').click()
  await page.getByLabel('First day').waitFor()
  await eachLook(page, 'overview-custom')
})

it('tells the keys apart that spent most, and shows all others together', async () => {
  const { token, manage } = await newAccount(gateway)
  for (let n = 1; n <= 12; n++) {
    const key = await manage('POST', '/api/token/', { name: `job ${n}`, unlimited_quota: true })
    gateway.secret(key.key)
    await gateway.call(asking('gpt-small'), key.key)
  }
  const page = await openLater('/overview?by=key', token)
  const table = page.getByRole('table', { name: 'Spend' })
  await table.getByRole('columnheader', { name: 'All others' }).waitFor()
  expect(await table.getByRole('columnheader').count()).toBe(1 + 5 + 1)
  // A twelfth, of all that was spent and not of the keys that are told apart.
  expect(await page.getByRole('region', { name: 'Top keys' }).innerText()).toContain('8.3%')
})

it('tells a new account to create a key, and shows nothing of others', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/overview', { as: token })
  await page.getByRole('heading', { name: 'No calls yet' }).waitFor()
  expect(await page.getByRole('link', { name: 'Create key' }).getAttribute('href')).toBe(
    '/console/keys/new',
  )
  expect(await page.getByText('claude-sonnet').count()).toBe(0)
  await eachLook(page, 'overview-empty')
})

it('tells a failure in words', async () => {
  const { token, manage, id } = await newAccount(gateway)
  const { token: poor } = await gateway.manage('POST', `/api/user/${id}/access_tokens`, {
    name: 'keys only',
    scopes: ['keys:read'],
  })
  gateway.secret(poor)
  const key = await manage('POST', '/api/token/', { unlimited_quota: true })
  gateway.secret(key.key)
  await gateway.call({ model: 'gpt-small', messages: [] }, key.key)
  expect(token).not.toBe(poor)
  const page = await open('/overview', { as: poor })
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').innerText()).toContain('Your account may not do this.')
})
