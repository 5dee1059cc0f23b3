import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { answers } from '../../server/test/tools/upstream-scripts.ts'
import { newAccount, PASSWORD } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { enterPassword, signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()
const printed = gateway.secret(gateway.first?.password ?? '')
const own = gateway.secret('violet ladder seventeen')

const step = (page: Page, title: string) =>
  page.getByRole('heading', { level: 1, name: title }).waitFor()

it('wants another password than the printed one, before anything else', async () => {
  const page = await open('/sign-in')
  await enterPassword(page, 'admin', printed)
  await step(page, 'Choose your password')
  expect(new URL(page.url()).pathname).toBe('/console/set-up')
  await eachLook(page, 'set-up-password')
  // Nothing else is to be had before.
  await page.goto(`${gateway.url}/console/keys`)
  await step(page, 'Choose your password')
  await page.getByLabel('Password that you signed in with').fill(printed)
  await page.getByLabel('New password').fill(printed)
  const set = page.getByRole('button', { name: 'Set the password' })
  await set.click()
  await page.getByText('This is the present password.').waitFor()
  await page.getByLabel('New password').fill(own)
  await set.click()

  await step(page, 'Connect a provider')
  const heading = page.getByRole('heading', { level: 1 })
  await expect.poll(() => heading.evaluate((one) => one === document.activeElement)).toBe(true)
  await eachLook(page, 'set-up-channel')
})

it('connects a provider, tried by a real request, and goes on where it was broken off', async () => {
  const page = await open('/sign-in')
  await enterPassword(page, 'admin', own)
  await step(page, 'Connect a provider')
  const connect = page.getByRole('button', { name: 'Connect and test' })
  await connect.click()
  await page.getByText('Enter the provider’s key.').waitFor()
  await page.getByLabel('Provider', { exact: true }).selectOption('openai-compatible')
  await page.getByLabel('Base URL').fill('not a url')
  await page.getByLabel('Key of the provider').fill('sk-of-the-provider')
  await page.getByRole('combobox', { name: 'Models' }).fill('first-model,')
  await page.getByLabel('Calls through it cost nothing').check()
  await connect.click()
  await page.getByText(/does not accept this: base_url /).waitFor()
  await page.getByLabel('Base URL').fill(gateway.upstream.url)
  gateway.upstream.on('first-model', (_call, response) => {
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{}}')
  })
  await connect.click()
  await page.getByText('The provider refused the request with status 401').waitFor()
  await eachLook(page, 'set-up-channel-refused')
  gateway.upstream.on('first-model', answers())
  await page.getByRole('button', { name: 'Save and test again' }).click()
  await page.getByText('The provider answers').waitFor()
  await eachLook(page, 'set-up-channel-ok')
  const { items } = await gateway.manage('GET', '/api/channel/')
  expect(items.map(({ type }: { type: string }) => type).sort()).toEqual([
    'openai-compatible',
    'simulator',
  ])
  await page.getByRole('button', { name: 'Continue' }).click()

  // It resumes where it was: after a reload, and after signing in again.
  await step(page, 'Create your first key')
  await page.reload()
  await step(page, 'Create your first key')
  await page.context().clearCookies()
  await page.goto(`${gateway.url}/console/sign-in`)
  await enterPassword(page, 'admin', own)
  await step(page, 'Create your first key')
})

it('makes a first key, and shows a first call that works', async () => {
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: 'admin', password: own, path: '/set-up' })
  await step(page, 'Create your first key')
  await eachLook(page, 'set-up-key')
  await page.getByLabel('Name').fill(HOSTILE)
  await page.getByLabel(/^Spending limit/).fill('2.5')
  await page.getByRole('button', { name: 'Create the key' }).click()

  await step(page, 'Make your first call')
  const [key] = (await gateway.manage('GET', '/api/token/')).items
  expect(key).toMatchObject({ name: HOSTILE, remain_quota: 1_250_000, unlimited_quota: false })
  const shown = page.getByRole('figure', { name: 'Your API key' }).locator('code')
  gateway.secret((await shown.innerText()).trim())
  const snippet = page.locator('pre')
  await snippet.getByText('first-model').waitFor()
  await eachLook(page, 'set-up-ready')
  const { stdout } = await promisify(execFile)('sh', ['-c', `${await snippet.innerText()} -sS`])
  expect(JSON.parse(stdout)).toMatchObject({ object: 'chat.completion' })
  for (const [sdk, says] of [
    ['Python', 'from openai import OpenAI'],
    ['TypeScript', "import OpenAI from 'openai'"],
  ] as const) {
    await page.getByText(sdk, { exact: true }).click()
    await snippet.getByText(says).waitFor()
    expect(await snippet.innerText()).toContain(`${gateway.url}/v1`)
  }
  await page.getByRole('button', { name: 'Go to the console' }).click()
  await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByText(HOSTILE).waitFor()
})

it('an administrator may skip what is not a password', async () => {
  const page = await open('/set-up?step=channel', {
    as: (await newAccount(gateway, { role: 'admin', scopes: ['admin', 'keys:read'] })).token,
  })
  await step(page, 'Connect a provider')
  await page.getByRole('button', { name: 'Skip for now' }).click()
  await step(page, 'Create your first key')
  await page.getByRole('button', { name: 'Skip for now' }).click()
  await step(page, 'Make your first call')
  await page.getByText('Put an API key where sk-... stands.').waitFor()
  await page.getByRole('button', { name: 'Go to the console' }).click()
  await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
})

it('whoever signs in later is not led through it', async () => {
  const { username } = await newAccount(gateway, { role: 'admin' })
  const page = await open('/sign-in')
  await enterPassword(page, username, PASSWORD)
  await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
})
