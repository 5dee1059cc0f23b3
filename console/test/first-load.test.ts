import { beforeAll, expect, it } from 'vitest'
import { newAccount, type TestAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { countScripts } from './tools/count-scripts.ts'
import { callForDays, offerModels } from './tools/history.ts'

const { gateway, open } = await openConsole()
/** Of the first page, compressed. */
const MOST_BYTES = 250_000
const MOST_FILES = 20
let ada: TestAccount

beforeAll(async () => {
  await offerModels(gateway)
  ada = await newAccount(gateway)
  await callForDays(gateway, ada)
})

it.each([
  { path: '/sign-in', content: 'input[type=password]' },
  { path: '/overview', content: 'ol a[href*="model="]' },
  { path: '/keys', content: 'tr[aria-rowindex="3"] a' },
])('$path loads little, in few files', async ({ path, content }) => {
  const page = await open(path, path === '/sign-in' ? {} : { as: ada.token })
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  const scripts = countScripts(page)
  await page.reload()
  await page.locator(content).first().waitFor()
  const { files, bytes } = await scripts()
  expect(bytes).toBeGreaterThan(100_000)
  expect(bytes).toBeLessThan(MOST_BYTES)
  expect(files).toBeLessThan(MOST_FILES)
})
