import { expect, it } from 'vitest'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'

const { gateway, open } = await openConsole()

it('a machine without a locale, of which the browser makes no tag of a language, reads numbers and times', async () => {
  const { token, manage } = await newAccount(gateway)
  await manage('POST', '/api/token/', { name: 'website', remain_quota: 750_000 })
  const page = await open('/settings', { as: token })
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'languages', { get: () => ['en-US@posix'] })
  })
  await page.goto(`${gateway.url}/console/keys`)
  const row = page.getByRole('row').filter({ hasText: 'website' })
  await row.waitFor()
  expect(await row.innerText()).toContain('$1.50')
})
