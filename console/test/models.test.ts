import { expect, it } from 'vitest'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'

const { gateway, open } = await openConsole()
const { manage } = gateway

const listed = [
  { model: 'gpt-4o', groups: ['default', 'fast'] },
  { model: 'claude-sonnet-4-5', groups: ['default'] },
  { model: 'gemini-2.5-pro', groups: ['fast'] },
  { model: 'whisper-large', groups: ['default'] },
  { model: HOSTILE, groups: ['default'] },
  { model: 'of-nobody', groups: ['secret'] },
]
await manage('POST', '/api/group/', { name: 'fast', ratio: '1.5' })
await manage('POST', '/api/group/', { name: 'secret' })
for (const { model, groups } of listed) {
  await gateway.createChannel({ name: `serves ${model}`.slice(0, 30), models: [model], groups })
}
await manage('PUT', '/api/price/gpt-4o', {
  ...{ input: '2.5', output: '10', cache_read: '1.25' },
  tiers: [{ above: 200_000, input: '5' }],
  service: { priority: { input: '4.25', output: '17' } },
})
await manage('PUT', '/api/price/whisper-large', { per_second: '0.0001' })
await manage('PUT', `/api/price/${encodeURIComponent(HOSTILE)}`, { input: 1, output: 2 })
await manage('PUT', '/api/price/of-nobody', { input: 1 })

it('lists what the account may call, with its price in the group', async () => {
  const { token } = await newAccount(gateway, { groups: ['fast'] })
  const page = await open('/models', { as: token })
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  await row('gpt-4o').waitFor()
  expect(await row('gpt-4o').innerText()).toMatch(
    /openai · default[\s\S]*128K[\s\S]*\$2\.50\s+\$1\.25\s+\$10\.00/,
  )
  expect(await row('gemini-2.5-pro').innerText()).toMatch(/google · fast × 1\.5/)
  expect(await row('whisper-large').innerText()).toMatch(/\$0\.0001\s+per second/)
  expect(await row(HOSTILE).count()).toBe(1)
  expect(await row('of-nobody').count()).toBe(0)
  await eachLook(page, 'models')

  await page.getByRole('combobox', { name: 'Group' }).selectOption('fast')
  await page.getByText('2 models').waitFor()
  expect(await row('gpt-4o').innerText()).toMatch(/fast × 1\.5[\s\S]*\$3\.75/)
  await page.getByRole('combobox', { name: 'Provider' }).selectOption('google')
  await page.getByText('1 model', { exact: true }).waitFor()
  await page.getByRole('searchbox').fill('nothing')
  await page.getByRole('heading', { name: 'No model fits' }).waitFor()
  expect(page.url()).toMatch(/\?group=fast&provider=google&q=nothing$/)
})

it('shows every price of a model, for each of its groups, and copies its id', async () => {
  const { token } = await newAccount(gateway, { groups: ['fast'] })
  const page = await open('/models?q=4o', {
    as: token,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  await page.getByRole('button', { name: 'gpt-4o', exact: true }).click()
  const dialog = page.getByRole('dialog')
  const prices = dialog.getByRole('table').first()
  expect(await prices.innerText()).toMatch(/Input\s+\$2\.50\s+\$5\.00/)
  expect(await prices.innerText()).toMatch(/Output\s+\$10\.00\s+\$10\.00/)
  await eachLook(page, 'models-details')
  await dialog.getByRole('combobox', { name: 'Group' }).selectOption('fast')
  expect(await prices.innerText()).toMatch(/Input\s+\$3\.75\s+\$7\.50/)
  expect(await dialog.getByRole('table').nth(1).innerText()).toMatch(/priority[\s\S]*\$6\.375/)
  await dialog.getByRole('button', { name: 'Copy' }).click()
  await dialog.getByText('Copied').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('gpt-4o')
})

it('an account whose groups serve nothing is told whom to ask', async () => {
  await manage('POST', '/api/group/', { name: 'bare' })
  const { token } = await newAccount(gateway, { group: 'bare' })
  const page = await open('/models', { as: token })
  await page.getByRole('heading', { name: 'No models yet' }).waitFor()
  await eachLook(page, 'models-empty')
})
