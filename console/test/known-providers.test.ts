import { afterAll, expect, it } from 'vitest'
import { AGREEING, startKnownProviders } from '../../server/test/tools/known-providers.ts'
import { newAccount } from './tools/account.ts'
import { openConsole } from './tools/browser.ts'
import { enterPassword } from './tools/sign-in.ts'

const client = { id: 'turnpike', secret: 'a secret of both' }
const providers = await startKnownProviders(client)
afterAll(() => providers.close())
const { id: clientId, secret: clientSecret } = client
const both = (['github', 'google'] as const).map((id) => ({
  ...{ id, clientId, clientSecret, issuer: undefined },
}))
const { gateway, open } = await openConsole({
  config: { signIn: { consoleUrl: undefined, mail: undefined, providers: both } },
})
gateway.secret(clientSecret)

const PROVIDERS = [
  { name: 'GitHub', asks: ['github.com/login/oauth/access_token', 'api.github.com/user'] },
  { name: 'Google', asks: ['oauth2.googleapis.com/token'] },
] as const
let people = 0

it.each(PROVIDERS)(
  '$name opens the account that it is linked to, and no other',
  async ({ name, asks }) => {
    const { username } = await newAccount(gateway)
    people++
    const person = { id: people, name: 'Ann <b>', email: `ann-${people}@people.example` }
    const page = await open('/sign-in')
    await page.route(AGREEING, (route) => {
      const location = providers.agree(route.request().url(), person)
      return route.fulfill({ status: 302, headers: { location } })
    })
    await page.getByRole('button', { name: `Continue with ${name}` }).click()
    await page.getByRole('alert').getByText('There is no account here for you').waitFor()
    expect(providers.asked).toEqual(expect.arrayContaining([...asks]))
    await enterPassword(page, username)
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('link', { name: 'Security' }).click()
    await page.getByRole('button', { name: `Link: ${name}` }).click()
    await page.getByRole('button', { name: `Unlink: ${name}` }).waitFor()

    await page.context().clearCookies()
    await page.goto(`${gateway.url}/console/settings/security`)
    await page.getByRole('button', { name: `Continue with ${name}` }).click()
    await page.getByRole('button', { name: `Account menu of ${username}` }).waitFor()
    await page.getByRole('button', { name: `Unlink: ${name}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page.getByRole('button', { name: `Link: ${name}` }).waitFor()
  },
)

it.each(PROVIDERS)('$name makes an account where sign-up is open', async ({ name }) => {
  await gateway.manage('PUT', '/api/setting/', { 'sign_up.mode': 'open' })
  people++
  const person = { id: people, name: `Ben at ${name}`, email: `ben-${people}@people.example` }
  const page = await open('/sign-in')
  await page.route(AGREEING, (route) => {
    const location = providers.agree(route.request().url(), person)
    return route.fulfill({ status: 302, headers: { location } })
  })
  await page.getByRole('button', { name: `Continue with ${name}` }).click()
  await page.getByRole('button', { name: `Account menu of ${person.name}` }).waitFor()
  const { items } = await gateway.manage('GET', '/api/user/')
  const made = items.find(({ username }: { username: string }) => username === person.name)
  expect(made).toMatchObject({ email: person.email, role: 'user' })
})
