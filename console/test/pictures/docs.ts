import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, it, vi } from 'vitest'
import { openConsole } from '../tools/browser.ts'
import { fillInstallation, type Installation } from '../tools/installation.ts'
import { growWindow } from '../tools/look.ts'
import { signInAt } from '../tools/sign-in.ts'

const FOLDER = join(import.meta.dirname, '../../../docs/console')
const PHONE = { width: 390, height: 844 }
/** Out of 100. Letters stay sharp, and a picture is a third of a PNG. */
const QUALITY = 88
const DAYS = 30
const MOST_PX = 1400
/** Of a list, and of what stands before one. */
const LIST_PX = 900
const BARS = '[aria-hidden] > div > svg path'

// The same day in every picture, whenever they are taken: what changed in the console is all that changes in them.
vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 2, 18, 13, 20) })
const { gateway, open } = await openConsole()
let filled: Installation

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  filled = await fillInstallation(gateway, DAYS)
})

async function openAt(path: string, options: Parameters<typeof open>[1] = {}): Promise<Page> {
  const page = await open('/sign-in', { nowMs: Date.now(), ...options })
  await signInAt(page, { gateway, username: filled.account.username, path })
  return page
}

/** All of the screen, unless that is too much for a page of docs. */
async function take(page: Page, name: string, mostPx = MOST_PX): Promise<void> {
  await page.waitForLoadState('networkidle')
  await growWindow(page, mostPx)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', {
    format: 'webp',
    quality: QUALITY,
  })
  writeFileSync(join(FOLDER, `${name}.webp`), Buffer.from(data, 'base64'))
}

it('sign-in', async () => {
  await take(await open('/sign-in', { nowMs: Date.now() }), 'sign-in')
})

it('overview, in light, in the dark and on a phone', async () => {
  const page = await openAt('/overview')
  await page.getByText('Top models').waitFor()
  await page.locator(BARS).first().waitFor()
  await take(page, 'overview')
  const dark = await openAt('/overview', { colorScheme: 'dark', locale: 'nl-NL' })
  await dark.locator(BARS).first().waitFor()
  await take(dark, 'overview-dark')
  const phone = await openAt('/overview', { viewport: PHONE })
  await phone.locator(BARS).first().waitFor()
  await take(phone, 'overview-phone')
})

it('keys, one of them, and how one is made', async () => {
  const page = await openAt('/keys')
  await page.getByText('Support assistant').waitFor()
  await take(page, 'keys')
  const phone = await openAt('/keys', { viewport: PHONE })
  await phone.getByText('Support assistant').waitFor()
  await take(phone, 'keys-phone')
  const key = await openAt(`/keys/${filled.keys[1]?.id}`)
  await key.locator(BARS).first().waitFor()
  await take(key, 'key')
  const form = await openAt('/keys/new')
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('Release notes')
  await form.getByText('Limited', { exact: true }).click()
  await form.getByRole('textbox', { name: 'Amount' }).fill('25')
  await form.getByRole('button', { name: /^Limits and budgets/ }).click()
  await form.getByRole('textbox', { name: 'Requests a minute' }).fill('60')
  await form.getByRole('button', { name: 'Add a budget' }).click()
  const budget = form.getByRole('group', { name: 'Daily budget' })
  await budget.getByRole('textbox', { name: 'Amount' }).fill('2.5')
  await take(form, 'key-form')
})

it('usage, and one call', async () => {
  const page = await openAt('/usage')
  await page.getByRole('table', { name: 'Usage' }).getByText('claude-sonnet-4-5').first().waitFor()
  await take(page, 'usage', LIST_PX)
  const call = await openAt(`/usage?call=${filled.answeredId}`)
  await call.getByText('Sum, rounded up').waitFor()
  await take(call, 'usage-call', LIST_PX)
})

it('models', async () => {
  const page = await openAt('/models')
  await page.getByText('gemini-2.5-flash').waitFor()
  await take(page, 'models')
})

it('playground', async () => {
  const page = await openAt('/playground?model=claude-sonnet-4-5')
  await page.getByRole('textbox', { name: 'Message' }).fill('When is an invoice due?')
  await page.keyboard.press('Enter')
  await page.getByText('186 tokens out').waitFor()
  await take(page, 'playground')
})

it('wallet', async () => {
  const page = await openAt('/wallet')
  await page.getByText('Starting balance').waitFor()
  await take(page, 'wallet')
})

it('settings: security', async () => {
  const page = await openAt('/settings/security')
  await page.getByRole('button', { name: 'Set up' }).waitFor()
  await take(page, 'settings')
})
