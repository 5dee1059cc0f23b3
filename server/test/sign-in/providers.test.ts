import { afterAll, beforeEach, expect, it } from 'vitest'
import { type Browser, openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { type Person, startIdentityProvider } from '../tools/identity-provider.ts'

const client = { id: 'turnpike', secret: 'a secret of the provider' }
const provider = await startIdentityProvider(client)
afterAll(() => provider.close())
const { id: clientId, secret: clientSecret } = client
const oidc = { id: 'oidc', clientId, clientSecret, issuer: provider.url } as const
const gateway = await sharedGateway({
  config: { signIn: { consoleUrl: undefined, mail: undefined, providers: [oidc] } },
})
gateway.secret(clientSecret)
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const password = gateway.secret('a password for signing in')
const set = (values: object) => gateway.manage('PUT', '/api/setting/', values)
beforeEach(() => set({ 'sign_up.mode': 'off', 'sign_in.link_by_email': false }))

let people = 0
function somebody(fields: Partial<Person> = {}): Person {
  people++
  const email = `person-${people}@people.example`
  return {
    sub: `subject-${people}`,
    email,
    email_verified: true,
    name: `Person ${people}`,
    ...fields,
  }
}

/** Goes to the provider and comes back; resolves with where the browser is sent then. */
async function through(browser: Browser, person: Person, path = '/sign-in/social') {
  const asked = { provider: 'oidc', callbackURL: '/keys' }
  const { json } = await browser.send('POST', `/api/auth${path}`, asked)
  const back = await browser.send('GET', provider.agree(json.url, person))
  return back.headers.get('location') ?? ''
}

const selfOf = async (browser: Browser) => (await browser.send('GET', '/api/user/self')).json.data

it('a provider that is configured is named', async () => {
  const { json } = await gateway.api('GET', '/api/status')
  expect(json.data.sign_in.providers).toEqual(['oidc'])
})

it('whoever has no account gets none while sign-up is not open', async () => {
  for (const mode of ['off', 'invite']) {
    await set({ 'sign_up.mode': mode })
    const browser = openBrowser(gateway)
    expect(await through(browser, somebody())).toContain('/console/sign-in?error=signup_disabled')
    expect(await selfOf(browser)).toBe(undefined)
  }
})

it('whoever has none gets one where it is open, and has the same the next time', async () => {
  await set({ 'sign_up.mode': 'open', 'sign_up.quota': 300 })
  const person = somebody({ name: 'Ann' })
  const browser = openBrowser(gateway)
  expect(await through(browser, person)).toBe('/keys')
  const account = await selfOf(browser)
  expect(account).toMatchObject({ username: 'Ann', role: 'user', quota: 300 })
  expect(await gateway.manage('GET', `/api/user/${account.id}`)).toMatchObject({
    email: person.email,
  })
  await set({ 'sign_up.mode': 'off' })
  const next = openBrowser(gateway)
  expect(await through(next, { ...person, email: 'moved@people.example' })).toBe('/keys')
  expect((await selfOf(next)).id).toBe(account.id)
  await set({ 'sign_up.mode': 'open' })
  const namesake = openBrowser(gateway)
  await through(namesake, somebody({ name: 'Ann' }))
  expect((await selfOf(namesake)).username).toBe('Ann 2')
  const { items } = await gateway.manage('GET', '/api/audit/?page_size=100')
  const own = items.filter((one: { subject: string }) => one.subject === `account ${account.id}`)
  const actions = own.map((one: { action: string }) => one.action).reverse()
  expect(actions.slice(0, 3)).toEqual(['account.create', 'account.update', 'session.create'])
})

it('an address opens the account that has it only where the operator says so', async () => {
  const person = somebody()
  const sent = { username: 'has an address', password, email: person.email.toUpperCase() }
  const { id } = await gateway.manage('POST', '/api/user/', sent)
  const browser = openBrowser(gateway)
  expect(await through(browser, person)).toContain('error=account_not_linked')
  await set({ 'sign_in.link_by_email': true })
  const unproven = { ...somebody(), email: person.email, email_verified: false }
  expect(await through(openBrowser(gateway), unproven)).toContain('error=account_not_linked')
  expect(await through(browser, person)).toBe('/keys')
  expect((await selfOf(browser)).id).toBe(id)
})

it('whoever is signed in links a provider to their account, and takes it away', async () => {
  const { id } = await gateway.manage('POST', '/api/user/', { username: 'links', password })
  const browser = openBrowser(gateway)
  await browser.signIn('links', password)
  const person = somebody()
  expect(await through(browser, person, '/link-social')).toBe('/keys')
  const other = openBrowser(gateway)
  await through(other, person)
  expect((await selfOf(other)).id).toBe(id)
  const { json } = await browser.send('GET', '/api/auth/list-accounts')
  expect(json.map((one: { providerId: string }) => one.providerId).sort()).toEqual([
    'credential',
    'oidc',
  ])
  for (const { id: accountId, providerId } of json) {
    const answer = await browser.send('POST', '/api/auth/unlink-account', { accountId })
    expect(answer.status).toBe(providerId === 'oidc' ? 200 : 400)
  }
  const again = openBrowser(gateway)
  expect(await through(again, person)).toContain('error=')
  expect(await selfOf(again)).toBe(undefined)
})

it('a suspended account is not opened', async () => {
  await set({ 'sign_up.mode': 'open' })
  const person = somebody()
  const browser = openBrowser(gateway)
  await through(browser, person)
  const { id } = await selfOf(browser)
  await gateway.manage('PUT', `/api/user/${id}`, { status: 2 })
  const again = openBrowser(gateway)
  await through(again, person)
  expect(await selfOf(again)).toBe(undefined)
})

it('nobody is sent to a page elsewhere, and nobody comes back without having gone', async () => {
  const browser = openBrowser(gateway)
  for (const callbackURL of [
    'https://elsewhere.example/',
    '//elsewhere.example',
    '/\\elsewhere.example',
    'javascript:alert(1)',
  ]) {
    const sent = { provider: 'oidc', callbackURL }
    const answer = await browser.send('POST', '/api/auth/sign-in/social', sent)
    expect(answer.status, callbackURL).toBeGreaterThanOrEqual(400)
  }
  const sent = { provider: 'oidc', callbackURL: '/keys' }
  const { json } = await browser.send('POST', '/api/auth/sign-in/social', sent)
  const back = provider.agree(json.url, somebody())
  const victim = openBrowser(gateway)
  const answer = await victim.send('GET', back)
  expect(answer.headers.get('location')).toContain('error=')
  expect(await selfOf(victim)).toBe(undefined)
})
