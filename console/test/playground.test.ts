import { expect, it } from 'vitest'
import { streams } from '../../server/test/tools/upstream-scripts.ts'
import { newAccount, type TestAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { HOSTILE } from './tools/hostile.ts'
import { eachLook } from './tools/look.ts'
import { signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()
const CODE = '```python\nprint("hi")\n```'
const said = `Hello **there** ${HOSTILE} and \`code\`:\n\n${CODE}\n\nGoodbye.`
await gateway.offer(
  'chatty',
  streams({
    deltas: [...said].map((letter) => ({ content: letter })),
    usage: { prompt: 1000, completion: 200 },
    finish: 'stop',
  }),
)
await gateway.offer('slow', streams({ events: 200, gapMs: 100 }))

/** With a session: the harness's token would stand in the place of the key. */
async function openPlayground({ username }: TestAccount, model: string) {
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username, path: `/playground?model=${model}` })
  return page
}

it('answers with a key of its own, shows tokens and cost, and gives the call as code', async () => {
  const ada = await newAccount(gateway)
  const page = await openPlayground(ada, 'chatty')
  await page.getByRole('heading', { name: 'Ask something' }).waitFor()
  await eachLook(page, 'playground-empty')
  await page.getByLabel('System prompt').fill(`It's ${HOSTILE}`)
  await page.getByLabel('Temperature').fill('0.5')
  await page.getByLabel('Most output tokens').fill('900')
  await page.getByLabel('Reasoning effort').selectOption('low')
  const sent = gateway.upstream.next()
  await page.getByRole('textbox', { name: 'Message' }).fill('Say hello.')
  await page.keyboard.press('Enter')
  expect((await sent).json).toMatchObject({
    messages: [
      { role: 'system', content: `It's ${HOSTILE}` },
      { role: 'user', content: 'Say hello.' },
    ],
    ...{ temperature: 0.5, max_completion_tokens: 900, reasoning_effort: 'low' },
  })
  const answer = page.getByRole('article', { name: 'chatty' })
  // 1000 units in, 800 out.
  await answer.getByText('$0.0036').waitFor()
  expect(await answer.innerText()).toMatch(
    /Hello there <img src=x[\s\S]*1,000 tokens in\s+200 tokens out/,
  )
  expect(await answer.getByRole('figure').locator('pre').innerText()).toBe('print("hi")')
  expect(await page.locator('img[src=x]').count()).toBe(0)
  await eachLook(page, 'playground')

  await page.getByRole('button', { name: 'Copy as code' }).click()
  const code = page.getByRole('dialog').locator('pre')
  expect(await code.innerText()).toContain(`"content":"It'\\''s <img`)
  await page.getByRole('radiogroup').getByText('Python').click()
  expect(await code.innerText()).toContain('temperature=0.5')
  expect(await code.innerText()).not.toContain('sk-')
  await eachLook(page, 'playground-code')

  const [key] = (await ada.manage('GET', '/api/token/')).items
  expect(key).toMatchObject({ name: 'Playground', used_quota: 1800 })
  expect(key.expired_time - key.created_time).toBe(3600)
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toMatch(
    /sk-/,
  )
})

it('a model of another group is called with a key of that group', async () => {
  await gateway.manage('POST', '/api/group/', { name: 'fast', ratio: 2 })
  await gateway.offer('elsewhere', streams({ events: 2, usage: { prompt: 10, completion: 5 } }), {
    channel: { groups: ['fast'] },
  })
  const ada = await newAccount(gateway, { groups: ['fast'] })
  const page = await openPlayground(ada, 'elsewhere')
  await page.getByPlaceholder('Message to elsewhere').fill('Hello?')
  await page.keyboard.press('Enter')
  await page.getByRole('article', { name: 'elsewhere' }).getByText('$0.00012').waitFor()
  const [key] = (await ada.manage('GET', '/api/token/')).items
  expect(key).toMatchObject({ group: 'fast', used_quota: 60 })
  // A key that was deleted meanwhile is not asked for twice.
  await ada.manage('DELETE', `/api/token/${key.id}`)
  const ask = async (words: string) => {
    await page.getByRole('textbox', { name: 'Message' }).fill(words)
    await page.keyboard.press('Enter')
  }
  await ask('Refused?')
  await page.getByRole('alert').waitFor()
  await ask('Answered?')
  await page.getByRole('article', { name: 'elsewhere' }).nth(2).getByText('$0.00012').waitFor()
  expect(await page.getByRole('alert').count()).toBe(1)
  expect((await ada.manage('GET', '/api/token/')).total).toBe(1)
})

it('stops for real, and the stopped answer is paid for as far as it came', async () => {
  const ada = await newAccount(gateway)
  const key = await ada.manage('POST', '/api/token/', { name: 'mine', unlimited_quota: true })
  gateway.secret(key.key)
  const page = await openPlayground(ada, 'slow')
  await page.getByLabel('API key').selectOption('mine')
  const sent = gateway.upstream.next()
  await page.getByRole('textbox', { name: 'Message' }).fill('Talk long.')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('word3').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Stopped').waitFor()
  expect(await (await sent).over).toBe('aborted')
  await page.getByRole('article', { name: 'slow' }).getByText('$').waitFor()
  expect((await ada.manage('GET', '/api/token/')).total).toBe(1)
})

it('a refusal is told in words, and the next question can follow', async () => {
  const ada = await newAccount(gateway, { quota: 0 })
  const page = await openPlayground(ada, 'chatty')
  await page.getByRole('textbox', { name: 'Message' }).fill('Hello?')
  await page.keyboard.press('Enter')
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toMatch(/balance[\s\S]*\.\s+Request req_\w+$/i)
  expect(await page.getByRole('button', { name: 'Send' }).isVisible()).toBe(true)
  await eachLook(page, 'playground-refused')
})
