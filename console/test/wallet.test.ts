import { expect, it } from 'vitest'
import { asking } from '../../server/test/tools/calls.ts'
import { answers } from '../../server/test/tools/upstream-scripts.ts'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
const { manage } = gateway
await gateway.offer('chat', answers({ usage: { prompt: 500_000, completion: 50_000 } }))

async function newCode(fields: object = {}): Promise<string> {
  const sent = { name: 'gift', quota: 1_000_000, count: 1, ...fields }
  const [code] = await manage('POST', '/api/redemption/', sent)
  return gateway.secret(code)
}

it('shows what is left, for how long, and what changed it', async () => {
  const ada = await newAccount(gateway, { quota: 5_000_000 })
  const key = await ada.manage('POST', '/api/token/', { name: 'k', unlimited_quota: true })
  expect((await gateway.call(asking('chat'), gateway.secret(key.key))).status).toBe(200)
  await manage('POST', `/api/user/${ada.id}/quota`, { delta: -100_000, reason: 'not for her' })
  const page = await open('/wallet', { as: ada.token })
  await page.getByText('Starting balance').waitFor()
  // 10 dollars, less 1.4 of the call and 0.2 of the administrator; 0.2 a day.
  const balance = page.getByRole('region', { name: 'Balance' })
  await balance.getByText('Lasts about 42 days at $0.20 a day').waitFor()
  expect(await balance.innerText()).toMatch(/\$8\.40\s+4,200,000 units[\s\S]*\$1\.40[\s\S]*1/)
  const rows = await page.getByRole('row').allInnerTexts()
  expect(rows[1]).toMatch(/Changed by the administrator[\s\S]*-\$0\.20/)
  expect(rows[2]).toMatch(/Starting balance[\s\S]*\+\$10\.00/)
  expect(await page.getByText('not for her').count()).toBe(0)
  await eachLook(page, 'wallet')
})

it('redeems a code once, and says what is wrong with one that does not work', async () => {
  const { token } = await newAccount(gateway, { quota: 0 })
  const page = await open('/wallet', { as: token })
  await page.getByRole('heading', { name: 'Nothing yet' }).waitFor()
  await eachLook(page, 'wallet-empty')
  const redeem = async (code: string) => {
    await page.getByRole('textbox', { name: 'Code' }).fill(code)
    await page.getByRole('button', { name: 'Redeem' }).click()
  }
  const code = await newCode()
  await redeem(` ${code} `)
  await page.getByText('$2.00 was added to your balance.').waitFor()
  await page.getByText('+$2.00').waitFor()
  expect(await page.getByRole('region', { name: 'Balance' }).innerText()).toContain('$2.00')
  expect(await page.getByRole('textbox', { name: 'Code' }).inputValue()).toBe('')
  await redeem(code)
  await page.getByText('This code was redeemed before.').waitFor()
  expect(await page.getByText('was added').count()).toBe(0)
  await eachLook(page, 'wallet-refused')
  await redeem('<b>no</b>')
  await page.getByText('There is no such code.').waitFor()
})

it('nobody sees the history of another account', async () => {
  await newAccount(gateway, { quota: 123 })
  const { token } = await newAccount(gateway, { quota: 0 })
  const page = await open('/wallet', { as: token })
  await page.getByRole('heading', { name: 'Nothing yet' }).waitFor()
})
