import { describe, expect, it } from 'vitest'
import { ACCESS_SCOPES } from '../../src/accounts/caller.ts'
import { type Answered, sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })

/** Contract 4, and 2 for keys: whom each route is for. Said here once more, so that no operation can say it wrongly. */
const WHOM: Readonly<Record<string, readonly string[]>> = {
  public: [
    'GET /api/models',
    'GET /api/status',
    'POST /api/sign_up',
    'GET /healthz',
    'GET /readyz',
    'GET /metrics',
    'GET /api/openapi.json',
  ],
  'api key': ['GET /api/usage/token', 'GET /user/quota', 'GET /api/log/token'],
  any: [
    'GET /api/user/self',
    'GET /api/user/self/groups',
    'GET /api/user/self/address',
    'GET /api/user/self/models',
    'GET /api/price',
    'GET /api/price/{model}',
    'POST /api/price/quote',
  ],
  'keys:read': [
    'GET /api/token',
    'GET /api/token/search',
    'GET /api/token/{id}',
    'POST /api/token/{id}/check',
  ],
  'keys:write': [
    'POST /api/token',
    'PUT /api/token',
    'DELETE /api/token/{id}',
    'PUT /api/token/batch',
    'POST /api/token/batch',
    'POST /api/token/{id}/rotate',
    'POST /api/token/{id}/quota',
  ],
  'keys:reveal': ['POST /api/token/{id}/key'],
  'usage:read': [
    'GET /api/log/self',
    'GET /api/log/self/price',
    'GET /api/log/self/stat',
    'GET /api/log/self/latency',
    'GET /api/data/self',
    'GET /api/user/self/entries',
  ],
  'account:write': [
    'GET /api/user/self/access_tokens',
    'POST /api/user/self/access_tokens',
    'DELETE /api/user/self/access_tokens/{id}',
    'POST /api/user/topup',
    'POST /api/user/self/password',
    'PUT /api/user/self/email',
    'POST /api/user/self/email/confirm',
  ],
  admin: [
    'POST /api/user',
    'GET /api/user',
    'GET /api/user/{id}',
    'PUT /api/user/{id}',
    'DELETE /api/user/{id}',
    'POST /api/user/{id}/quota',
    'POST /api/user/{id}/access_tokens',
    'POST /api/user/{id}/reset_link',
    'DELETE /api/user/{id}/second_factors',
    'POST /api/invitation',
    'GET /api/invitation',
    'DELETE /api/invitation/{id}',
    'POST /api/redemption',
    'GET /api/redemption',
    'DELETE /api/redemption/{id}',
    'GET /api/node',
    'GET /api/log',
    'GET /api/log/stat',
    'GET /api/data',
    'POST /api/channel',
    'GET /api/channel',
    'GET /api/channel/{id}',
    'PUT /api/channel/{id}',
    'DELETE /api/channel/{id}',
    'POST /api/channel/{id}/test',
    'POST /api/group',
    'GET /api/group',
    'PUT /api/group/{name}',
    'DELETE /api/group/{name}',
    'GET /api/group/auto',
    'PUT /api/group/auto',
    'PUT /api/price/{model}',
    'POST /api/price/catalogue',
    'DELETE /api/price/{model}',
    'GET /api/setting',
    'PUT /api/setting',
    'GET /api/audit',
    'POST /api/webhook',
    'GET /api/webhook',
    'GET /api/webhook/{id}',
    'PUT /api/webhook/{id}',
    'DELETE /api/webhook/{id}',
    'POST /api/webhook/{id}/rotate',
    'POST /api/webhook/{id}/test',
    'GET /api/webhook/{id}/deliveries',
  ],
}
const routes = Object.entries(WHOM).flatMap(([whom, own]) => own.map((route) => ({ whom, route })))
const withToken = routes.filter(({ whom }) => whom !== 'public' && whom !== 'api key')

async function tokenOf(account: object, fields: object): Promise<string> {
  const username = `user-${Math.random().toString(36).slice(2)}`
  const { id } = await gateway.manage('POST', '/api/user/', { username, ...account })
  const path = `/api/user/${id}/access_tokens`
  const { token } = await gateway.manage('POST', path, { name: 'x', ...fields })
  return gateway.secret(token)
}

const user = await tokenOf({}, {})
const userWithAdmin = await tokenOf({}, { scopes: ACCESS_SCOPES })
const adminWithout = await tokenOf({ role: 'admin' }, {})
const suspended = await tokenOf({ role: 'admin' }, { scopes: ACCESS_SCOPES })
const { items } = await gateway.manage('GET', '/api/user/?page_size=1')
await gateway.manage('PUT', `/api/user/${items[0].id}`, { status: 2 })
const { key } = await gateway.createKey()

/** Asks about something that is not there: whoever is let in breaks nothing. */
async function ask(route: string, authorization: string) {
  const [method = '', path = ''] = route.split(' ')
  const body = method === 'POST' || method === 'PUT' ? {} : undefined
  const there = path.replace('{id}', '99999999').replace('{model}', 'nothing')
  return verdict(await gateway.api(method, there, body, { authorization }))
}

const verdict = ({ status, headers }: Answered) =>
  status === 200 ? 'let in' : `${status} ${headers.get('x-error-code')}`

describe('whom a route is for', () => {
  it('is said here of every operation', async () => {
    const answer = await fetch(`${gateway.url}/api/openapi.json`)
    const { paths } = (await answer.json()) as { paths: Record<string, object> }
    const described = Object.entries(paths)
      .filter(([path]) => !/^\/v1(beta)?\//.test(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m.toUpperCase()} ${path}`))
    expect(routes.map(({ route }) => route).sort()).toEqual(described.sort())
  })

  it.each(withToken)('$route takes a token: $whom', async ({ whom, route }) => {
    const isAdmins = whom === 'admin'
    expect(await ask(route, '')).toBe('401 pat_missing')
    expect(await ask(route, `Bearer ${key}`)).toBe('401 pat_unknown')
    expect(await ask(route, suspended)).toBe('403 account_suspended')
    const ordinary = isAdmins ? '403 scope_missing' : 'let in'
    expect(await ask(route, user)).toBe(ordinary)
    expect(await ask(route, adminWithout)).toBe(ordinary)
    expect(await ask(route, userWithAdmin)).toBe(ordinary)
    const others = ACCESS_SCOPES.filter((scope) => scope !== whom)
    const narrow = await tokenOf({ role: 'admin' }, { scopes: others })
    expect(await ask(route, narrow)).toBe(whom === 'any' ? 'let in' : '403 scope_missing')
    if (whom === 'any') return
    const fitting = await tokenOf({ role: 'admin' }, { scopes: [whom] })
    expect(await ask(route, fitting)).toBe('let in')
  })

  it.each(WHOM['api key'] ?? [])('%s takes an API key', async (route) => {
    expect(await ask(route, '')).toBe('401 key_missing')
    expect(await ask(route, gateway.adminToken)).toBe('401 key_malformed')
    expect(await ask(route, `Bearer ${key}`)).toBe('let in')
  })
})
