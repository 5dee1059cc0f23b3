import { expect, it } from 'vitest'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
const model = await gateway.offer('detail-model')

const call = (key: string) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] }),
  }).then(({ status }) => status)

async function newKey(fields: object) {
  const account = await newAccount(gateway)
  const made = await account.manage('POST', '/api/token/', fields)
  gateway.secret(made.key)
  return { ...account, made }
}

it('a key shows its rules, its value when asked, and what it has spent', async () => {
  const { token, made, manage } = await newKey({
    name: 'build server',
    remain_quota: 5_000_000,
    allow_ips: '127.0.0.1\n2001:db8::/48',
    budgets: [{ period: 'month', amount: 2_500_000, tz: 'Europe/Amsterdam' }],
    metadata: { team: 'search' },
  })
  expect(await call(made.key)).toBe(200)
  await expect
    .poll(async () => (await manage('GET', `/api/data/self?token_id=${made.id}`)).length)
    .toBe(1)
  const page = await open(`/keys/${made.id}`, { as: token })
  await page.getByText('Spent by day').waitFor({ state: 'attached' })
  const rules = page.getByRole('region', { name: 'Rules' })
  expect(await rules.innerText()).toMatch(/Any model[\s\S]*2001:db8::\/48[\s\S]*\$5\.00 \(Europe/)
  const usage = page.getByRole('region', { name: 'Last 30 days' })
  expect(await usage.getByText('Requests').locator('..').innerText()).toMatch(/Requests\s*1/)
  await eachLook(page, 'key')

  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText(`sk-${made.key}`).waitFor()
  await page.getByRole('button', { name: 'Hide' }).click()
  await page.getByRole('button', { name: 'Show', exact: true }).waitFor()
  expect(await page.content()).not.toContain(made.key)
})

it('says why a call would be refused, check by check', async () => {
  const { token, made } = await newKey({
    name: 'check me',
    remain_quota: 5_000,
    allow_ips: '203.0.113.0/24',
  })
  const page = await open(`/keys/${made.id}`, { as: token })
  const card = page.getByRole('region', { name: 'Would a call pass?' })
  await card.getByRole('combobox', { name: 'Model' }).fill(model)
  await page.keyboard.press('Enter')
  await card.getByText('It would be refused').waitFor()
  await card.getByText('ip_not_allowed').waitFor()
  await card.getByText('127.0.0.1 does not fit the one address or range of the key.').waitFor()
  await eachLook(page, 'key-check')
  await card.getByRole('textbox', { name: 'From address' }).fill('203.0.113.9')
  await card.getByRole('button', { name: 'Check' }).click()
  await card.getByText('It would pass').waitFor()
  await card.getByText('203.0.113.9 fits the one address or range of the key.').waitFor()
  await card.getByText('The key has $0.01 left.').waitFor()
  expect(await card.locator('li [lang=en]').count()).toBe(0)
})

it('says why in Dutch, with amounts, times and names as Dutch people read them', async () => {
  const { token, made, manage } = await newKey({
    name: 'bijna op',
    remain_quota: 5_000,
    expired_time: Math.floor(Date.UTC(2035, 0, 2, 12) / 1000),
    model_limits_enabled: true,
    model_limits: `${model},other`,
    fallback_models: ['other'],
    rpm_limit: 1500,
    budgets: [{ period: 'month', amount: 2_500_000, tz: 'Europe/Amsterdam' }],
  })
  await gateway.manage('PUT', `/api/user/${made.user_id}`, { rpm_limit: 2000 })
  const page = await open(`/keys/${made.id}`, { as: token, locale: 'nl-NL' })
  const card = page.getByRole('region', { name: 'Komt een aanroep erdoor?' })
  const ask = async (asked: string) => {
    await card.getByRole('combobox', { name: 'Model' }).fill(asked)
    await page.keyboard.press('Enter')
  }
  await ask(model)
  for (const text of [
    'Elk adres mag deze sleutel gebruiken.',
    'De sleutel verloopt op 2 jan 2035, 13:00.',
    `${model} is een van de 2 modellen die de sleutel mag aanroepen.`,
    `1 kanaal van default bedient ${model}.`,
    'Aanroepen over in deze 60 seconden: 1.500.',
    /Maandbudget van de sleutel: \$\s5,00 van \$\s5,00 over tot/,
    'De sleutel heeft $ 0,01 over.',
  ]) {
    await card.getByText(text).waitFor()
  }
  await card.getByText('Geen kanaal van default bedient other.').waitFor()
  await ask('nobody')
  await card.getByText('Geen kanaal van default bedient nobody.').waitFor()
  await card.getByText('nobody is geen van de 2 modellen').waitFor()
  expect(await card.locator('[lang=en]').count()).toBe(0)
  await manage('PUT', '/api/token/', { id: made.id, status: 3 })
  await ask('nobody')
  await card.getByText('Een wijziging heeft de sleutel als verlopen gemerkt.').waitFor()
  await eachLook(page, 'key-check-words')
})

it('quota is added and taken, and the key rotated, disabled and deleted', async () => {
  const { token, made, manage } = await newKey({ name: 'nightly', remain_quota: 1_000_000 })
  const page = await open(`/keys/${made.id}`, { as: token })
  await page.getByRole('button', { name: 'Change quota' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Add, or take below 0' }).fill('-0.5')
  await dialog.getByText('$1.50').waitFor()
  await eachLook(page, 'key-quota')
  await dialog.getByRole('button', { name: 'Take' }).click()
  await dialog.waitFor({ state: 'hidden' })
  expect((await manage('GET', `/api/token/${made.id}`)).remain_quota).toBe(750_000)

  const more = page.getByRole('button', { name: 'More actions' })
  await more.click()
  await page.getByRole('menuitem', { name: 'Rotate' }).click()
  await eachLook(page, 'key-rotate')
  await dialog.getByRole('combobox').click()
  await page.getByRole('option', { name: 'no longer' }).click()
  await dialog.getByRole('button', { name: 'Rotate' }).click()
  const value = await dialog.getByRole('figure').locator('code').innerText()
  gateway.secret(value.slice(3))
  await eachLook(page, 'key-rotated')
  await dialog.getByRole('button', { name: 'Done' }).click()
  expect([await call(made.key), await call(value)]).toEqual([401, 200])

  await more.click()
  await page.getByRole('menuitem', { name: 'Disable' }).click()
  await page.getByText('Switched off').waitFor()
  expect(await call(value)).toBe(401)
  await more.click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete key' }).click()
  await page.waitForURL(/\/keys$/)
  await page.getByText('“nightly” was deleted.').waitFor()
})
