import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { newAccount, type TestAccount } from './tools/account.ts'
import { loseAnswer, openConsole } from './tools/browser.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
const LOST = 'The gateway does not answer.'

const keysOf = async ({ manage }: TestAccount) => (await manage('GET', '/api/token/')).items

async function newKey(account: TestAccount, fields: object) {
  const made = await account.manage('POST', '/api/token/', fields)
  gateway.secret(made.key)
  return made
}

/** What a form shows of a new value, which other tests must not find in a log either. */
async function shownValue(page: Page): Promise<string> {
  const value = await page.getByRole('figure', { name: 'Key' }).locator('code').innerText()
  gateway.secret(value.slice(3))
  return value
}

it('a key whose answer was lost is found by the next try, and not made twice', async () => {
  const account = await newAccount(gateway)
  const page = await open('/keys/new', { as: account.token })
  await page.getByRole('textbox', { name: 'Name' }).fill('only one')
  // A time that is counted from now must not make the second try another call.
  await page.getByRole('combobox', { name: 'Expires' }).click()
  await page.getByRole('option', { name: 'In 30 days' }).click()
  await loseAnswer(page, '/api/token')
  const create = page.getByRole('button', { name: 'Create key' })
  await create.click()
  await page.getByText(LOST).waitFor()
  await page.clock.setFixedTime(Date.now() + 5000)
  await create.click()
  await page.getByRole('heading', { name: 'Your key is ready' }).waitFor()
  const value = await shownValue(page)
  const keys = await keysOf(account)
  expect(keys.map(({ name }: { name: string }) => name)).toEqual(['only one'])
  expect(`sk-${keys[0].key}`).toBe(value)
})

it('whoever changes the form after a lost answer is told that its first try was carried out', async () => {
  const account = await newAccount(gateway)
  const page = await open('/keys/new', { as: account.token })
  const name = page.getByRole('textbox', { name: 'Name' })
  await name.fill('first')
  await loseAnswer(page, '/api/token')
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByText(LOST).waitFor()
  await name.fill('second')
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByText('This was carried out before, with what you had entered then.').waitFor()
  await eachLook(page, 'key-form-carried-out')
  expect(await keysOf(account)).toHaveLength(1)
})

it('what was refused does not stand in the way of what is sent after it', async () => {
  const account = await newAccount(gateway)
  const { id } = await newKey(account, { name: 'poor', remain_quota: 1000 })
  const page = await open(`/keys/${id}`, { as: account.token })
  await page.getByRole('button', { name: 'Change quota' }).click()
  const dialog = page.getByRole('dialog')
  const amount = dialog.getByRole('textbox', { name: 'Add, or take below 0' })
  await amount.fill('-1')
  await dialog.getByRole('button', { name: 'Take' }).click()
  await dialog.getByText('The key has less than that.').waitFor()
  await amount.fill('1')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.waitFor({ state: 'hidden' })
  expect((await keysOf(account))[0].remain_quota).toBe(501_000)
})

it('quota whose answer was lost is added once', async () => {
  const account = await newAccount(gateway)
  const { id } = await newKey(account, { name: 'nightly', remain_quota: 1000 })
  const page = await open(`/keys/${id}`, { as: account.token })
  await page.getByRole('button', { name: 'Change quota' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Add, or take below 0' }).fill('1')
  await loseAnswer(page, `/api/token/${id}/quota`)
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.getByText(LOST).waitFor()
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.waitFor({ state: 'hidden' })
  expect((await keysOf(account))[0].remain_quota).toBe(501_000)
  // Opened again it is something else: the same once more.
  await page.getByRole('button', { name: 'Change quota' }).click()
  await dialog.getByRole('textbox', { name: 'Add, or take below 0' }).fill('1')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.waitFor({ state: 'hidden' })
  expect((await keysOf(account))[0].remain_quota).toBe(1_001_000)
})

it('a key whose rotation lost its answer is not rotated twice, and its value is shown if it is kept', async () => {
  const account = await newAccount(gateway)
  const { id } = await newKey(account, { name: 'turning', unlimited_quota: true })
  const page = await open(`/keys/${id}`, { as: account.token })
  const dialog = page.getByRole('dialog')
  const rotate = async () => {
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Rotate' }).click()
    await loseAnswer(page, `/api/token/${id}/rotate`)
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    await dialog.getByText(LOST).waitFor()
    await dialog.getByRole('button', { name: 'Rotate' }).click()
  }
  await rotate()
  const value = await shownValue(page)
  expect(`sk-${(await keysOf(account))[0].key}`).toBe(value)
  const { items } = await gateway.manage('GET', '/api/audit/?action=key.rotate')
  expect(items.filter(({ subject }: { subject: string }) => subject === `key ${id}`)).toHaveLength(
    1,
  )
  await dialog.getByRole('button', { name: 'Done' }).click()

  await gateway.manage('PUT', '/api/setting/', { 'keys.reveal': 'never' })
  await rotate()
  await dialog.getByText('this gateway keeps no values').waitFor()
  await eachLook(page, 'key-rotated-lost')
  await gateway.manage('PUT', '/api/setting/', { 'keys.reveal': 'always' })
})

it('a code whose answer was lost is redeemed once, and the next try says what it was worth', async () => {
  const account = await newAccount(gateway, { quota: 0 })
  const sent = { name: 'gift', quota: 1_000_000, count: 1 }
  const [code] = await gateway.manage('POST', '/api/redemption/', sent)
  gateway.secret(code)
  const page = await open('/wallet', { as: account.token })
  await page.getByRole('textbox', { name: 'Code' }).fill(code)
  await loseAnswer(page, '/api/user/topup')
  await page.getByRole('button', { name: 'Redeem' }).click()
  await page.getByText(LOST).waitFor()
  await page.getByRole('button', { name: 'Redeem' }).click()
  await page.getByText('$2.00 was added to your balance.').waitFor()
  expect((await account.manage('GET', '/api/user/self')).quota).toBe(1_000_000)
})
