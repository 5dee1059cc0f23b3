import type { Page } from 'playwright-core'
import { openBrowser } from '../../../server/test/tools/browser.ts'
import type { TestGateway } from '../../../server/test/tools/gateway.ts'
import { PASSWORD } from './account.ts'

/** Enters name and password on the sign-in screen, and sends them. */
export async function enterPassword(
  page: Page,
  username: string,
  password: string = PASSWORD,
): Promise<void> {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
}

interface SigningIn {
  readonly gateway: TestGateway
  readonly username: string
  readonly password?: string
  readonly path: string
}

/** Signs the browser of a page in, without its screens, and goes to `path`. */
export async function signInAt(
  page: Page,
  { gateway, username, password = PASSWORD, path }: SigningIn,
): Promise<void> {
  const browser = openBrowser(gateway)
  await browser.signIn(username, password)
  const cookies = [...browser.cookies].map(([name, value]) => ({ name, value, url: gateway.url }))
  await page.context().addCookies(cookies)
  await page.goto(`${gateway.url}/console${path}`)
  await page.waitForSelector('h1')
}
