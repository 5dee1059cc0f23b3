import { expect, it } from 'vitest'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
const PHONE = { width: 360, height: 740 }
/** Of JavaScript, as it goes over the line, before the first screen is there. */
const MOST_BYTES = 250_000

it('the keyboard skips the navigation', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/', { as: token })
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
})

it('speaks the language of the browser, and another one when it is chosen, also the next time', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/keys', { as: token, locale: 'nl-NL' })
  await page.getByRole('heading', { name: 'API-sleutels', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Taal' }).click()
  await page.getByRole('menuitemradio', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'API keys', exact: true }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'API keys', exact: true }).waitFor()
  expect(await page.getAttribute('html', 'lang')).toBe('en')
})

it('is dark when that is chosen, from the first paint of the next visit on', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/keys', { as: token, colorScheme: 'light' })
  await page.getByRole('button', { name: 'Appearance' }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  const scheme = () => page.getAttribute('html', 'data-mantine-color-scheme')
  expect(await scheme()).toBe('dark')
  await page.reload({ waitUntil: 'commit' })
  await page.waitForSelector('body', { state: 'attached' })
  expect(await scheme()).toBe('dark')
})

it('on a phone the navigation opens over the screen, and closes again', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/keys', { as: token, viewport: PHONE })
  const link = page.getByRole('link', { name: 'API keys' })
  expect(await link.isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Open the navigation' }).click()
  await link.waitFor()
  expect(await link.getAttribute('aria-current')).toBe('page')
  await page.getByRole('button', { name: 'Close the navigation' }).click()
  await link.waitFor({ state: 'hidden' })
})

it('an address without a screen says so', async () => {
  const { token } = await newAccount(gateway)
  const page = await open('/nowhere', { as: token })
  await page.getByText('This page does not exist').waitFor()
  await eachLook(page, 'not-found')
})

it('the first screen needs less than 250 KB of JavaScript', async () => {
  const page = await open('/sign-in')
  const bytes = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map((entry) => entry as PerformanceResourceTiming)
      .filter(({ name }) => name.endsWith('.js'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  )
  expect(bytes).toBeGreaterThan(50_000)
  expect(bytes).toBeLessThan(MOST_BYTES)
})
