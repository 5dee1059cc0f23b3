import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { type Browser, openBrowser } from '../../server/test/tools/browser.ts'
import { asking } from '../../server/test/tools/calls.ts'
import { newAccount, PASSWORD, type TestAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { signInAt } from './tools/sign-in.ts'

const { gateway, open } = await openConsole()
/** Stands in every word that Ada can choose, and in nobody else's. */
const MARK = 'of-ada-alone'
const model = await gateway.offer('shared-model')

let ada: TestAccount
let ben: TestAccount
let made: { key: { id: number; key: string }; requestId: string; tokenId: number }

beforeAll(async () => {
  ada = await newAccount(gateway, { username: `${MARK} ada` })
  ben = await newAccount(gateway)
  const key = await ada.manage('POST', '/api/token/', {
    name: `${MARK} key`,
    metadata: { [MARK]: MARK },
    fallback_models: [`${MARK}-model`],
    unlimited_quota: true,
  })
  const { requestId } = await gateway.call(asking(model), gateway.secret(key.key))
  const own = '/api/user/self/access_tokens'
  const { token } = await ada.manage('POST', own, { name: `${MARK} token` })
  gateway.secret(token)
  const tokens = (await ada.manage('GET', own)).items as { id: number; name: string }[]
  const tokenId = tokens.find(({ name }) => name.startsWith(MARK))?.id as number
  const code = { name: 'gift', quota: 1_000_000, count: 1 }
  const [gift] = await gateway.manage('POST', '/api/redemption/', code)
  await ada.manage('POST', '/api/user/topup', { key: gateway.secret(gift) })
  made = { key, requestId, tokenId }
})

/** Every screen behind the sign-in, as Ada's links name them. */
const screens = () => [
  ...['/overview', '/overview?by=key', '/keys', '/keys/new', `/keys/${made.key.id}`],
  ...[`/keys/${made.key.id}/edit`, '/usage', `/usage?call=${made.requestId}`],
  ...[`/usage?key=${made.key.id}`, '/models', '/playground', '/wallet', '/settings'],
  ...['/settings/security', '/settings/sessions', '/settings/access-tokens'],
]

/** Goes through all screens; resolves with what was asked of the API, and with what the screens said. */
async function walk(page: Page) {
  const asked = new Set<string>()
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url())
    if (request.method() === 'GET' && pathname.startsWith('/api/')) asked.add(pathname + search)
  })
  const said: string[] = []
  for (const path of screens()) {
    await page.goto(`${gateway.url}/console${path}`, { waitUntil: 'networkidle' })
    await page.waitForSelector('h1', { state: 'attached' })
    said.push(await page.content())
  }
  return { asked: [...asked], said }
}

async function signedIn({ username }: TestAccount, userAgent: string) {
  const browser = openBrowser(gateway, { headers: { 'user-agent': userAgent } })
  await browser.signIn(username, PASSWORD)
  const page = await open('/sign-in')
  await signInAt(page, { gateway, username, path: '/settings' })
  return { browser, page }
}

const bodies = (browser: Browser, paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await browser.send('GET', path)).text))

it('no screen shows, and no call of a screen answers, what another account has', {
  timeout: 120_000,
}, async () => {
  const { browser: adas, page: adasPage } = await signedIn(ada, MARK)
  const { browser: bens, page: bensPage } = await signedIn(ben, 'of ben')
  const { asked, said } = await walk(adasPage)
  const marks = new RegExp(`${MARK}|${made.requestId}`)
  // Its owner sees it everywhere, if only in the name of her menu; otherwise nothing would be tried here.
  expect(said.filter((text) => marks.test(text)).length).toBe(said.length)
  const told = (await bodies(adas, asked)).filter((text) => marks.test(text))
  expect(told.length).toBeGreaterThan(8)

  const answers = await bodies(bens, asked)
  expect(asked.filter((_path, at) => marks.test(answers[at] ?? ''))).toEqual([])
  const seen = await walk(bensPage)
  expect(screens().filter((_path, at) => marks.test(seen.said[at] ?? ''))).toEqual([])
})

it('no deed of a screen reaches what another account has', async () => {
  const { browser: adas } = await signedIn(ada, MARK)
  const { browser: bens } = await signedIn(ben, 'of ben')
  const { id } = made.key
  const sessions = async () => (await adas.send('GET', '/api/auth/list-sessions')).json
  const record = () => ada.manage('GET', `/api/token/${id}`)
  const before = [await record(), (await sessions()).length]
  const [session] = await sessions()
  const deeds = [
    ['PUT', '/api/token/', { id, name: 'of ben now' }],
    ['PUT', '/api/token/', { id, status: 2 }],
    ['POST', `/api/token/${id}/rotate`, {}],
    ['POST', `/api/token/${id}/quota`, { delta: 1 }],
    ['POST', `/api/token/${id}/key`, {}],
    ['POST', `/api/token/${id}/check`, { model }],
    ['DELETE', `/api/token/${id}`, undefined],
    ['DELETE', `/api/user/self/access_tokens/${made.tokenId}`, undefined],
    ['POST', '/api/auth/revoke-session', { token: session.token }],
  ] as const
  for (const [method, path, body] of deeds) {
    const answer = await bens.send(method, path, body)
    expect(answer.text, `${method} ${path}`).not.toContain(MARK)
    if (path.startsWith('/api/auth/')) continue
    expect([method, path, answer.json?.success]).toEqual([method, path, false])
  }
  await bens.send('PUT', '/api/token/batch', { ids: [id], status: 2 })
  await bens.send('POST', '/api/token/batch', { ids: [id] })
  expect([await record(), (await sessions()).length]).toEqual(before)
  const tokens = (await ada.manage('GET', '/api/user/self/access_tokens')).items
  expect(tokens.map((one: { id: number }) => one.id)).toContain(made.tokenId)
  expect((await gateway.call(asking(model), made.key.key)).status).toBe(200)
})
