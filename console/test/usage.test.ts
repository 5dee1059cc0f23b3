import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { startStudio } from '../../server/test/jobs/studio.ts'
import { asking } from '../../server/test/tools/calls.ts'
import { newAccount, type TestAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { callForDays, offerModels } from './tools/history.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()
let ada: TestAccount
let made: Awaited<ReturnType<typeof callForDays>>

beforeAll(async () => {
  await offerModels(gateway)
  ada = await newAccount(gateway)
  made = await callForDays(gateway, ada)
})

/** The browser's clock shows what the gateway's shows. */
const openLater = (path: string, as: string) =>
  open(path, { as, nowMs: Date.now() + made.ahead * 1000 })

it('lists every call, and filters them', async () => {
  const { total } = await ada.manage('GET', '/api/log/self')
  const page = await openLater('/usage', ada.token)
  await page.getByText(`${total} calls`).waitFor()
  const row = (name: string) => page.getByRole('row').filter({ hasText: name }).first().innerText()
  expect(await row('refusing-model')).toMatch(/website\s+Invalid request/)
  expect(await row('claude-sonnet')).toMatch(/Answered[\s\S]*40,000 → 9,000[\s\S]*\$0\.174/)
  await eachLook(page, 'usage')

  await page.getByRole('combobox', { name: 'Status' }).click()
  await page.getByRole('option', { name: '400 Invalid request' }).click()
  await page.waitForURL(/status=400/)
  await page.getByText('1 call', { exact: true }).waitFor()
  await page.getByRole('combobox', { name: 'Model' }).click()
  await page.getByRole('option', { name: 'gpt-small' }).click()
  await page.getByRole('heading', { name: 'No call matches' }).waitFor()
  await eachLook(page, 'usage-none-found')
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByText(`${total} calls`).waitFor()
})

it('saves the calls that it lists as a file in which nothing is a formula', async () => {
  const cleo = await newAccount(gateway)
  const names = ['=HYPERLINK("https://evil.example")', '+1', '-1', '@SUM(A1)']
  const keys = []
  for (const name of [...names, 'plain, "quoted"']) {
    const key = await cleo.manage('POST', '/api/token/', { name, unlimited_quota: true })
    await gateway.call(asking('gpt-small'), gateway.secret(key.key))
    keys.push(key)
  }
  const path = '/api/log/self?page_size=100'
  await expect.poll(async () => (await cleo.manage('GET', path)).total).toBe(keys.length)
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username: cleo.username, path: '/usage' })
  const save = async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('usage.csv')
    return readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n')
  }
  const [head = '', ...rows] = await save()
  expect(head.split(',')).toEqual(expect.arrayContaining(['request_id', 'model_name', 'quota']))
  const { items } = await cleo.manage('GET', path)
  const column = head.split(',').indexOf('request_id')
  const ids = rows.map((row) => cellsOf(row)[column])
  expect(ids.sort()).toEqual(items.map((one: { request_id: string }) => one.request_id).sort())
  const cells = rows.flatMap(cellsOf)
  expect(cells.filter((cell) => /^[=+@\t\r]|^-(?!\d+$)/.test(cell))).toEqual([])
  expect(cells).toEqual(expect.arrayContaining([...names.map((name) => `'${name}`)]))
  expect(cells).toContain('plain, "quoted"')

  await page.goto(`${gateway.url}/console/usage?key=${keys[0].id}`)
  await page.getByText('1 call', { exact: true }).waitFor()
  expect(await save()).toHaveLength(2)
})

/** Of one line of CSV, as RFC 4180 has it. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  )

it('opens a call with its tokens and the computation of its price, which has changed since', async () => {
  await gateway.manage('PUT', '/api/price/claude-sonnet', { input: '1', output: '1' })
  const page = await openLater('/usage?model=claude-sonnet', ada.token)
  await page.getByRole('button', { name: 'claude-sonnet' }).first().click()
  const drawer = page.getByRole('dialog', { name: 'Call' })
  await drawer.getByText('The call was answered.').waitFor()
  await drawer.getByText('Sum, rounded up').waitFor()
  const said = await drawer.innerText()
  expect(said).toMatch(/Input\s+40,000\s+of it from the cache\s+30,000\s+Output\s+9,000/)
  expect(said).toMatch(/Input\s+10,000\s+\$3\.00 \/ 1M\s+15,000/)
  expect(said).toMatch(/Input from the cache\s+30,000\s+\$0\.30 \/ 1M\s+4,500/)
  expect(said).toMatch(/Sum, rounded up to a whole unit\s+87,000/)
  expect(said).toMatch(/Charged\s+\$0\.174/)
  expect(said).not.toMatch(/channel \d/)
  await eachLook(page, 'usage-call')
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'hidden' })
})

it('says so where the price of that time was not kept', async () => {
  await gateway.database.tamper("delete from charged_price where model = 'gpt-small'")
  const page = await openLater('/usage?model=gpt-small', ada.token)
  await page.getByRole('button', { name: 'gpt-small' }).first().click()
  const drawer = page.getByRole('dialog', { name: 'Call' })
  await drawer.getByText('The gateway has not kept the price of that time').waitFor()
  expect(await drawer.innerText()).toMatch(/Charged\s+\$0/)
  await eachLook(page, 'usage-call-no-price')
})

it('shows what was given back of a call', async () => {
  const studio = await startStudio(['film'])
  await gateway.manage('PUT', '/api/price/film', { per_second: '0.0002' })
  await gateway.createChannel({ base_url: studio.url, models: ['film'] })
  const body = { model: 'film', prompt: 'A cat.', seconds: '8' }
  const video = await gateway.call(body, made.first.key, { path: '/v1/videos' })
  studio.end(video.json.id, 'failed')
  const read = { path: `/v1/videos/${video.json.id}`, method: 'GET' }
  expect((await gateway.call('', made.first.key, read)).json.status).toBe('failed')

  const page = await openLater(`/usage?call=${video.requestId}`, ada.token)
  const drawer = page.getByRole('dialog', { name: 'Call' })
  await drawer.getByText('Charged at first').waitFor()
  const said = await drawer.innerText()
  expect(said).toMatch(/Charged at first\s+\$0\.0016/)
  expect(said).toMatch(/Corrected when it had ended\s+-\$0\.0016/)
  expect(said).toMatch(/Charged\s+\$0(?!\.0016)/)
  await eachLook(page, 'usage-call-corrected')
})

it('says what went wrong with a call, and what to do', async () => {
  const page = await openLater(`/usage?call=${made.refusedId}`, ada.token)
  const drawer = page.getByRole('dialog', { name: 'Call' })
  await drawer.getByText('mend the request').waitFor()
  await drawer.getByText('The provider refused').waitFor()
  await drawer.getByText('Nothing was charged').waitFor()
  await eachLook(page, 'usage-call-failed')
})

it('shows new calls as they come while it is live', async () => {
  const page = await openLater('/usage', ada.token)
  const rows = page.getByRole('row').filter({ hasText: HOSTILE })
  await rows.first().waitFor()
  await page.getByRole('switch', { name: 'Live' }).check({ force: true })
  const before = await ada.manage('GET', '/api/log/self')
  await gateway.call(asking('llama-large'), made.first.key)
  await page.getByText(`${before.total + 1} calls`).waitFor()
  expect(await page.getByRole('row').nth(1).innerText()).toContain('llama-large')
})

it('shows nobody the calls of others', async () => {
  const { token } = await newAccount(gateway)
  const page = await openLater(`/usage?call=${made.refusedId}`, token)
  await page.getByText('This call does not exist').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'No calls yet' }).waitFor()
  await eachLook(page, 'usage-empty')
})

it('reads on as one scrolls, behind a cursor', async () => {
  const bea = await newAccount(gateway)
  const key = await bea.manage('POST', '/api/token/', { unlimited_quota: true })
  gateway.secret(key.key)
  const calls = 130
  for (let ten = 0; ten < calls; ten += 10) {
    await Promise.all(Array.from({ length: 10 }, () => gateway.call(asking('gpt-small'), key.key)))
  }
  const page = await openLater('/usage', bea.token)
  await page.getByText(`${calls} calls`).waitFor()
  const bottom = () =>
    page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
  await expect
    .poll(async () => {
      await bottom()
      return page.locator(`[aria-rowindex="${calls + 1}"] time`).count()
    })
    .toBeGreaterThan(0)
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe(String(calls + 1))
  expect(await page.getByRole('row').count()).toBeLessThan(50)
})

it('tells administrators, and nobody else, which channel answered', async () => {
  const scopes = ['admin', 'keys:write', 'usage:read']
  const admin = await newAccount(gateway, { role: 'admin', scopes })
  const key = await admin.manage('POST', '/api/token/', { unlimited_quota: true })
  gateway.secret(key.key)
  const { requestId } = await gateway.call(asking('gpt-small'), key.key)
  await expect.poll(() => gateway.usageOf(requestId)).toBeDefined()
  const record = await gateway.usageOf(requestId)
  const page = await openLater(`/usage?call=${requestId}`, admin.token)
  await page
    .getByRole('dialog', { name: 'Call' })
    .getByText(`channel ${record?.['channel']}`)
    .waitFor()
})
