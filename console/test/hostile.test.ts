import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { openBrowser } from '../../server/test/tools/browser.ts'
import { asking } from '../../server/test/tools/calls.ts'
import { sendJson, streams } from '../../server/test/tools/upstream-scripts.ts'
import { newAccount, PASSWORD, type TestAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { signInAt } from './tools/sign-in.ts'

// A script that ran would be held back by the page's policy, which fails any test; here it is also looked for.
const { gateway, open } = await openConsole()
/** Groups have no blanks and quotes. */
const GROUP = '<img{{count}}$t(ui.copy)>'
const REFUSING = `${HOSTILE} no`
const said = `${HOSTILE}\n\n\`\`\`${HOSTILE}\n${HOSTILE}\n\`\`\`\n\n\`${HOSTILE}\` **${HOSTILE}**`

let eve: TestAccount
let made: { id: number; key: string; requestId: string; refusedId: string }

beforeAll(async () => {
  await gateway.manage('POST', '/api/group/', { name: GROUP, description: HOSTILE, ratio: 1.5 })
  const channel = { name: HOSTILE, groups: ['default', GROUP] }
  const usage = { prompt: 1000, completion: 500 }
  await gateway.offer(HOSTILE, streams({ deltas: [{ content: said }], usage }), { channel })
  await gateway.offer(
    REFUSING,
    (_call, response) =>
      sendJson(response, 400, { error: { message: HOSTILE, type: HOSTILE, code: HOSTILE } }),
    { channel },
  )
  eve = await newAccount(gateway, { username: HOSTILE, groups: [GROUP] })
  const key = await eve.manage('POST', '/api/token/', {
    name: HOSTILE,
    remain_quota: 5_000_000,
    group: GROUP,
    model_limits_enabled: true,
    model_limits: `${HOSTILE},${REFUSING}`,
    fallback_models: [REFUSING],
    metadata: { [HOSTILE]: HOSTILE },
  })
  gateway.secret(key.key)
  const { requestId } = await gateway.call(asking(HOSTILE), key.key)
  const { requestId: refusedId } = await gateway.call(asking(REFUSING), key.key)
  const { token } = await eve.manage('POST', '/api/user/self/access_tokens', { name: HOSTILE })
  gateway.secret(token)
  await openBrowser(gateway, { headers: { 'user-agent': HOSTILE } }).signIn(HOSTILE, PASSWORD)
  made = { id: key.id, key: key.key, requestId, refusedId }
})

async function signedIn(path: string): Promise<Page> {
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: HOSTILE, path })
  return page
}

async function goTo(page: Page, path: string): Promise<void> {
  await page.goto(`${gateway.url}/console${path}`, { waitUntil: 'networkidle' })
  await page.waitForSelector('h1', { state: 'attached' })
}

/** Nothing of it became an element or an attribute, and none of our texts was put into it. */
async function expectHarmless(page: Page, path: string): Promise<void> {
  const found = await page.locator('img[src="x"], [onerror]').count()
  expect([path, found]).toEqual([path, 0])
  const text = await page.locator('body').innerText()
  // Wherever it begins it also ends, or is shortened by the screen and not by us.
  const whole = text.split('<img src=x onerror=alert(1)>"\'').slice(1)
  expect([path, whole.filter((rest) => !rest.startsWith('{{count}}$t(ui.copy)'))]).toEqual([
    path,
    [],
  ])
}

it('what people and providers wrote is text on every screen', { timeout: 90_000 }, async () => {
  const page = await signedIn('/settings')
  const named = {
    '/overview': 2,
    '/overview?by=key': 2,
    '/keys': 1,
    [`/keys/${made.id}`]: 4,
    [`/keys/${made.id}/edit`]: 0,
    '/keys/new': 0,
    '/usage': 2,
    [`/usage?call=${made.requestId}`]: 2,
    [`/usage?call=${made.refusedId}`]: 2,
    '/models': 2,
    '/playground': 0,
    '/wallet': 0,
    '/settings': 1,
    '/settings/security': 0,
    '/settings/sessions': 1,
    '/settings/access-tokens': 1,
  }
  for (const [path, times] of Object.entries(named)) {
    await goTo(page, path)
    const text = await page.locator('body').innerText()
    expect([path, text.split(HOSTILE).length > times]).toEqual([path, true])
    await expectHarmless(page, path)
  }
})

it('what stands in the address is text', async () => {
  const words = encodeURIComponent(HOSTILE)
  const page = await signedIn('/settings')
  for (const path of [
    ...[`/keys?q=${words}`, `/keys?group=${words}&status=${words}&sort=${words}`],
    ...[`/keys/${words}`, `/keys/${words}/edit`, `/${words}`, `/models?q=${words}`],
    ...[`/models?group=${words}&provider=${words}`, `/playground?model=${words}`],
    ...[`/usage?model=${words}&key=${words}&group=${words}`, `/usage?call=${words}`],
    ...[`/usage?period=custom&from=${words}&to=${words}`, `/overview?by=${words}&period=${words}`],
  ]) {
    await goTo(page, path)
    await expectHarmless(page, path)
  }
  await page.context().clearCookies()
  for (const path of [
    ...[`/sign-in?error=${words}`, `/sign-in?return=${words}`, `/sign-up#token=${words}`],
    ...[`/reset-password#token=${words}`, `/set-up?step=${words}`],
  ]) {
    await goTo(page, path)
    await expectHarmless(page, path)
  }
})

it('every field that takes text takes it as text', { timeout: 120_000 }, async () => {
  const page = await signedIn('/settings')
  let filled = 0
  async function fillAll(path: string) {
    const fields = page.locator(
      ':is(textarea, input:is([type="text"], [type="search"], [type="password"], [type="email"], :not([type]))):visible:enabled:not([readonly])',
    )
    for (let at = 0; at < (await fields.count()); at++) {
      await fields.nth(at).fill(HOSTILE)
      await page.keyboard.press('Tab')
      filled++
    }
    await expectHarmless(page, path)
  }
  const dialogs: Readonly<Record<string, readonly string[]>> = {
    '/settings/security': ['Change the password', 'Set up'],
    '/settings/access-tokens': ['Create a token'],
    [`/keys/${made.id}`]: ['Change quota'],
  }
  for (const path of [
    ...['/overview', '/keys', '/keys/new', `/keys/${made.id}`, '/usage', '/models', '/playground'],
    ...['/wallet', '/settings', '/settings/security', '/settings/access-tokens'],
  ]) {
    await goTo(page, path)
    const closed = page.locator('main [aria-expanded="false"][data-accordion-control]')
    for (let left = await closed.count(); left > 0; left--) await closed.first().click()
    for (const name of path === '/keys/new' ? ['Add a budget', 'Add an entry'] : []) {
      await page.getByRole('button', { name }).click()
    }
    await fillAll(path)
    for (const name of dialogs[path] ?? []) {
      await goTo(page, path)
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      await fillAll(`${path} ${name}`)
    }
  }
  await page.context().clearCookies()
  for (const path of [
    '/sign-in',
    '/reset-password',
    '/sign-up#token=x',
    '/reset-password#token=x',
  ]) {
    await goTo(page, path)
    await fillAll(path)
  }
  // As many as there are: a screen whose fields were not found would be missed otherwise.
  expect(filled).toBeGreaterThan(25)
})

it('what a model says, and what a provider refuses with, is text', async () => {
  const page = await signedIn(`/playground?model=${encodeURIComponent(HOSTILE)}`)
  await page.getByLabel('System prompt').fill(HOSTILE)
  const ask = async () => {
    await page.getByRole('textbox', { name: 'Message' }).fill(HOSTILE)
    await page.keyboard.press('Enter')
  }
  await ask()
  const answer = page.getByRole('article', { name: HOSTILE, exact: true })
  await answer.getByText('500 tokens out').waitFor()
  expect((await answer.innerText()).split(HOSTILE).length).toBeGreaterThan(4)
  await expectHarmless(page, 'an answer')
  for (const sdk of ['curl', 'Python', 'TypeScript']) {
    if (sdk === 'curl') await page.getByRole('button', { name: 'Copy as code' }).click()
    await page.getByRole('radiogroup').getByText(sdk, { exact: true }).click()
    await page.getByRole('dialog').locator('pre').getByText('img src=x').waitFor()
    expect(await page.locator('img[src="x"]').count()).toBe(0)
  }
  await page.keyboard.press('Escape')
  await page.getByLabel('Model', { exact: true }).selectOption(REFUSING)
  await ask()
  await page.getByRole('alert').waitFor()
  await expectHarmless(page, 'a refusal')
})
