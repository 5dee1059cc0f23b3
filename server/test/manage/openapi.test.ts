import { Validator } from '@seriousme/openapi-schema-validator'
import { Compile } from 'typebox/schema'
import { beforeAll, describe, expect, it } from 'vitest'
import { digestOfToken } from '../../src/sign-in/one-time-links.ts'
import { openBrowser } from '../tools/browser.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()

interface Described {
  readonly operationId: string
  readonly security: readonly object[]
  readonly parameters?: readonly { name: string; in: string }[]
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>
}

interface Document {
  readonly paths: Record<string, Record<string, Described>>
  readonly components: { schemas: { Failure: object } }
}

const document = (await (await fetch(`${gateway.url}/api/openapi.json`)).json()) as Document

/** One call of an operation that succeeds. */
interface Sample {
  readonly path?: string
  readonly body?: unknown
  /** Sent by the console. */
  readonly session?: true
  readonly apiKey?: boolean
}

/** Filled with the ids that the samples need. */
const ids = {
  key: 0,
  deletable: 0,
  user: 0,
  gone: 0,
  channel: 0,
  channelGone: 0,
  token: 0,
  code: 0,
  webhook: 0,
  webhookGone: 0,
  invitation: '',
}
let apiKey = ''
let code = ''
let requestId = ''
let session: Record<string, string> = {}

beforeAll(async () => {
  await gateway.offer('sampled')
  await gateway.manage('POST', '/api/group/', { name: 'deletable' })
  const key = await gateway.createKey({ name: 'sample' })
  apiKey = key.key
  ids.key = key.id
  ids.deletable = (await gateway.createKey()).id
  const sampled = { model: 'sampled', messages: [{ role: 'user', content: 'x' }] }
  requestId = (await gateway.call(sampled, apiKey)).requestId
  ids.user = (await gateway.manage('POST', '/api/user/', { username: 'sampled' })).id
  ids.gone = (await gateway.manage('POST', '/api/user/', { username: 'gone' })).id
  ids.channel = (await gateway.createChannel({ name: 'one', models: ['a'] })).id
  ids.channelGone = (await gateway.createChannel({ name: 'two', models: ['b'] })).id
  const made = await gateway.manage('POST', '/api/user/self/access_tokens', { name: 'sample' })
  gateway.secret(made.token)
  ids.token = made.id
  session = await openSession()
  const codes = await gateway.manage('POST', '/api/redemption/', { name: 'x', quota: 1, count: 2 })
  for (const one of codes) code = gateway.secret(one)
  const { items } = await gateway.manage('GET', '/api/redemption/')
  ids.code = items[1].id
  await gateway.manage('PUT', '/api/setting/', { 'sign_up.mode': 'open' })
  ids.invitation = (await gateway.manage('POST', '/api/invitation/', {})).id
  for (const name of ['webhook', 'webhookGone'] as const) {
    const webhook = { name, url: gateway.upstream.url }
    ids[name] = (await gateway.manage('POST', '/api/webhook/', webhook)).id
  }
})

/** Of somebody who came without a password, and has been sent a link to prove an address. */
async function openSession(): Promise<Record<string, string>> {
  const password = gateway.secret('only for signing in once')
  const { id } = await gateway.manage('POST', '/api/user/', { username: 'in person', password })
  const browser = openBrowser(gateway)
  await browser.signIn('in person', password)
  const identifier = digestOfToken('email:of the link')
  await gateway.database.tamper(`
    update account set password_hash = null where id = ${id};
    insert into verification (id, identifier, value, expires_at_ms, created_at_ms, updated_at_ms)
      values ('sampled', '${identifier}', 'email ${id} me@people.example', ${Date.now() + 3_600_000}, 0, 0)`)
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return { authorization: '', origin: gateway.url, cookie, 'content-type': 'application/json' }
}

const samples: Record<string, () => Sample> = {
  postToken: () => ({ body: { name: 'made' } }),
  getToken: () => ({}),
  putToken: () => ({ body: { id: ids.key, name: 'renamed' } }),
  getTokenSearch: () => ({ path: '/api/token/search?keyword=ren' }),
  getTokenById: () => ({ path: `/api/token/${ids.key}` }),
  deleteTokenById: () => ({ path: `/api/token/${ids.deletable}` }),
  putTokenBatch: () => ({ body: { ids: [ids.key], status: 1 } }),
  postTokenBatch: () => ({ body: { ids: [ids.deletable] } }),
  postTokenByIdRotate: () => ({
    path: `/api/token/${ids.key}/rotate`,
    body: { grace_seconds: 3600 },
  }),
  postTokenByIdQuota: () => ({ path: `/api/token/${ids.key}/quota`, body: { delta: 1 } }),
  postTokenByIdKey: () => ({ path: `/api/token/${ids.key}/key`, body: {} }),
  postTokenByIdCheck: () => ({
    path: `/api/token/${ids.key}/check`,
    body: { model: 'sampled', ip: '203.0.113.9' },
  }),
  getUsageToken: () => ({ apiKey: true }),
  getUserQuota: () => ({
    path: '/user/quota?start_date=2026-01-01&end_date=2026-01-02',
    apiKey: true,
  }),
  getLogToken: () => ({ apiKey: true }),
  getModels: () => ({}),
  getUserSelf: () => ({}),
  getUserSelfGroups: () => ({}),
  getUserSelfModels: () => ({}),
  getUserSelfEntries: () => ({}),
  getUserSelfAddress: () => ({}),
  postUserSelfPassword: () => ({ session: true, body: { password: 'a first password' } }),
  putUserSelfEmail: () => ({ session: true, body: { email: null } }),
  postUserSelfEmailConfirm: () => ({ session: true, body: { token: 'of the link' } }),
  postUser: () => ({ body: { username: 'made' } }),
  getUser: () => ({}),
  getUserById: () => ({ path: `/api/user/${ids.user}` }),
  putUserById: () => ({ path: `/api/user/${ids.user}`, body: { group: 'default' } }),
  deleteUserById: () => ({ path: `/api/user/${ids.gone}` }),
  postUserByIdQuota: () => ({ path: `/api/user/${ids.user}/quota`, body: { delta: 1 } }),
  postUserSelfAccessTokens: () => ({ body: { name: 'x' } }),
  getUserSelfAccessTokens: () => ({}),
  deleteUserSelfAccessTokensById: () => ({ path: `/api/user/self/access_tokens/${ids.token}` }),
  postUserByIdAccessTokens: () => ({
    path: `/api/user/${ids.user}/access_tokens`,
    body: { name: 'x' },
  }),
  postUserByIdResetLink: () => ({ path: `/api/user/${ids.user}/reset_link` }),
  deleteUserByIdSecondFactors: () => ({ path: `/api/user/${ids.user}/second_factors` }),
  postSignUp: () => ({ body: { username: 'signs up', password: 'a password of mine' } }),
  postInvitation: () => ({ body: { note: 'for Ann' } }),
  getInvitation: () => ({}),
  deleteInvitationById: () => ({ path: `/api/invitation/${ids.invitation}` }),
  postUserTopup: () => ({ body: { key: code } }),
  postRedemption: () => ({ body: { name: 'made', quota: 1, count: 2 } }),
  getRedemption: () => ({}),
  deleteRedemptionById: () => ({ path: `/api/redemption/${ids.code}` }),
  getLogSelf: () => ({}),
  getLog: () => ({}),
  getLogSelfPrice: () => ({ path: `/api/log/self/price?request_id=${requestId}` }),
  getLogSelfStat: () => ({}),
  getLogSelfLatency: () => ({}),
  getLogStat: () => ({}),
  getDataSelf: () => ({}),
  getData: () => ({}),
  postGroup: () => ({ body: { name: 'made', ratio: '1.5', ratios: { default: 2 } } }),
  getGroup: () => ({}),
  putGroupByName: () => ({ path: '/api/group/default', body: { description: 'Everybody.' } }),
  deleteGroupByName: () => ({ path: '/api/group/deletable' }),
  getGroupAuto: () => ({}),
  putGroupAuto: () => ({ body: { groups: ['default'] } }),
  postChannel: () => ({ body: { name: 'made', type: 'simulator' } }),
  getChannel: () => ({}),
  getChannelById: () => ({ path: `/api/channel/${ids.channel}` }),
  putChannelById: () => ({ path: `/api/channel/${ids.channel}`, body: { priority: 1 } }),
  deleteChannelById: () => ({ path: `/api/channel/${ids.channelGone}` }),
  postChannelByIdTest: () => ({ path: `/api/channel/${ids.channel}/test`, body: {} }),
  getPrice: () => ({}),
  postPriceQuote: () => ({
    body: { model: 'sampled', usage: { prompt_tokens: 5, completion_tokens: 7 } },
  }),
  getNode: () => ({}),
  getPriceByModel: () => ({ path: '/api/price/sampled' }),
  putPriceByModel: () => ({ path: '/api/price/org/sampled', body: { input: '1', output: '2' } }),
  deletePriceByModel: () => ({ path: '/api/price/org/sampled' }),
  postPriceCatalogue: () => ({ body: { providers: null } }),
  getSetting: () => ({}),
  putSetting: () => ({ body: { 'keys.max_per_account': 900 } }),
  getAudit: () => ({}),
  postWebhook: () => ({ body: { name: 'made', url: gateway.upstream.url } }),
  getWebhook: () => ({}),
  getWebhookById: () => ({ path: `/api/webhook/${ids.webhook}` }),
  putWebhookById: () => ({ path: `/api/webhook/${ids.webhook}`, body: { name: 'renamed' } }),
  deleteWebhookById: () => ({ path: `/api/webhook/${ids.webhookGone}` }),
  postWebhookByIdRotate: () => ({ path: `/api/webhook/${ids.webhook}/rotate`, body: {} }),
  postWebhookByIdTest: () => ({ path: `/api/webhook/${ids.webhook}/test`, body: {} }),
  getWebhookByIdDeliveries: () => ({ path: `/api/webhook/${ids.webhook}/deliveries` }),
  getStatus: () => ({}),
  getHealthz: () => ({}),
  getReadyz: () => ({}),
  getMetrics: () => ({}),
  getOpenapiJson: () => ({}),
}

const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)
const managed = described.filter(({ path }) => !/^\/v1(?:beta)?\//.test(path))

/** The schema with everything closed: what is answered but not described is a mistake as well. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  if ('$ref' in schema) return closed(document.components.schemas.Failure)
  const inner = Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, name === 'enum' ? part : closed(part)]),
  )
  const { properties } = schema as { properties?: object }
  const open = properties === undefined || Object.keys(properties).length === 0
  return open ? inner : { additionalProperties: false, ...inner }
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const found = await validator.validate(structuredClone(document) as never)
    expect(found.errors ?? []).toEqual([])
    expect(found.valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  it('describes every parameter of a path, and gives every operation a name of its own', () => {
    for (const { path, operation } of described) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const listed = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      expect(listed.map(({ name }) => name)).toEqual(named)
    }
    const names = described.map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(names.length)
  })

  it('is sampled whole by the test below', () => {
    const names = managed.map(({ operation }) => operation.operationId)
    expect(Object.keys(samples).sort()).toEqual(names.sort())
  })

  it.each(managed)('tells the truth about $method $path', async ({ path, method, operation }) => {
    const sample = samples[operation.operationId]?.() ?? {}
    const { status, text, json } = await gateway.api(
      method.toUpperCase(),
      sample.path ?? path,
      sample.body,
      {
        ...(sample.apiKey && { authorization: `Bearer ${apiKey}` }),
        ...(sample.session && session),
      },
    )
    const { key, token, secret: ofWebhook, ...others } = json?.data ?? {}
    const codes = operation.operationId === 'postRedemption' ? Object.values(others) : []
    for (const secret of [key, token, ofWebhook, ...codes]) if (secret) gateway.secret(secret)
    expect(status).toBe(200)
    const content = operation.responses['200']?.content ?? {}
    const schema = content['application/json']?.schema
    if (schema === undefined) return expect(text).not.toBe('')
    expect(json.success, text).not.toBe(false)
    const [success] = (schema as { anyOf: readonly object[] }).anyOf
    const compiled = Compile(closed(success) as object)
    const [, mistakes] = compiled.Errors(json)
    expect(mistakes.map(({ instancePath, message }) => `${instancePath} ${message}`)).toEqual([])
  })

  it('asks for no credential where none is due', async () => {
    for (const { path, method, operation } of managed) {
      if (method !== 'get' || operation.security.length > 0) continue
      expect((await fetch(gateway.url + path)).status, path).toBe(200)
    }
  })
})

describe('the reference page', () => {
  it('is served whole from this gateway', async () => {
    const page = await fetch(`${gateway.url}/docs`)
    const text = await page.text()
    expect(page.status).toBe(200)
    expect(text).not.toMatch(/https?:\/\//)
    const [, script] = /<script src="([^"]+)"/.exec(text) ?? []
    const loaded = await fetch(new URL(script ?? '', page.url))
    expect(loaded.headers.get('content-type')).toMatch(/javascript/)
    expect((await loaded.text()).length).toBeGreaterThan(1_000_000)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(page.headers.get('x-request-id')).toMatch(/^\w{16,}$/)
  })

  it.each([
    ['GET', '/docs/nothing'],
    ['POST', '/docs'],
  ])('refuses in the words of the API: %s %s', async (method, path) => {
    const { status, json, headers } = await gateway.api(method, path)
    expect({ status, json }).toMatchObject({ status: 404, json: { code: 'route_not_found' } })
    expect(headers.get('x-error-code')).toBe('route_not_found')
  })
})
