import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { pino } from 'pino'
import Type from 'typebox'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccessTokens } from '../../src/accounts/access-tokens.ts'
import type { Caller } from '../../src/accounts/caller.ts'
import { createManageApp, type ManageApp } from '../../src/manage/app.ts'
import { type Operation, operation } from '../../src/manage/operation.ts'
import { pageOf, pageQuery } from '../../src/manage/paging.ts'
import type { Rooms } from '../../src/manage/rooms.ts'

const TOKEN = `tpat_${'a'.repeat(43)}`
const ADMIN_TOKEN = `tpat_${'b'.repeat(43)}`
const API_KEY = 'sk-abcdefghijklmnop_qrstuvwxyz'
const caller: Caller = {
  accountId: 7,
  username: 'ann',
  role: 'user',
  group: 'default',
  groups: [],
  tokenId: 1,
  scopes: null,
  tokenExpiresAt: null,
}
const accessTokens: Pick<AccessTokens, 'prove'> = {
  prove: async (raw) => {
    if (raw === TOKEN) return caller
    return raw === ADMIN_TOKEN
      ? { ...caller, accountId: 8, role: 'admin', scopes: ['admin'] }
      : 'pat_unknown'
  },
}

const operations: readonly Operation[] = [
  operation({
    method: 'POST',
    path: '/api/thing',
    scope: 'any',
    summary: 'Echoes what it understood',
    tag: 'things',
    body: Type.Object({
      name: Type.Optional(Type.String({ maxLength: 5 })),
      remain_quota: Type.Optional(Type.Integer({ minimum: 0 })),
      allow_ips: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      key: Type.Optional(Type.String()),
      size: Type.Optional(Type.Union([Type.Literal('small'), Type.Literal('large')])),
      items: Type.Optional(Type.Array(Type.Object({ amount: Type.Integer() }))),
    }),
    run: async ({ body }) => ({ data: body }),
  }),
  operation({
    method: 'GET',
    path: '/api/thing/{id}',
    scope: 'admin',
    summary: 'One',
    tag: 'things',
    params: Type.Object({ id: Type.Integer() }),
    query: Type.Object(pageQuery),
    run: async ({ params, query }) => ({ data: { ...params, ...pageOf(query) }, secret: true }),
  }),
  operation({
    method: 'GET',
    path: '/api/slashed/{model...}',
    scope: 'public',
    crossOrigin: true,
    summary: 'Slashes',
    tag: 'things',
    params: Type.Object({ model: Type.String() }),
    run: async ({ params }) => ({ data: params.model }),
  }),
  operation({
    method: 'GET',
    path: '/api/broken',
    scope: 'public',
    summary: 'Breaks',
    tag: 'things',
    run: async () => {
      throw new Error('the secret is hunter2')
    },
  }),
]

let server: Server
let app: ManageApp
let url = ''
const logged: string[] = []
let clock = 1_700_000_000_000

beforeAll(async () => {
  const rooms = {
    accessTokens,
    settings: { get: () => 50 },
    metrics: { served: () => undefined },
    now: () => clock,
    random: (bytes: number) => randomBytes(bytes),
    log: pino({}, { write: (line: string) => void logged.push(line) }),
  } as unknown as Rooms
  app = await createManageApp({
    rooms,
    operations,
    clientAddress: () => '203.0.113.9',
    origin: () => 'http://gateway.example',
    signIn: async (_request, reply) => reply,
    masked: (text) => text.replace('a-secret', '...'),
    consoleFolder: '/nowhere',
  })
  server = createServer((request, response) => app.routing(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await app.close()
})

const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/thing/`, {
    method: 'POST',
    redirect: 'error',
    headers: { authorization: TOKEN, ...headers },
    body,
  })

/** The failure's code and message, after checking that its envelope and header are whole. */
async function refusal(answer: Response, status = 200) {
  const body = (await answer.json()) as { success: boolean; message: string; code: string }
  expect(answer.status).toBe(status)
  expect(body.success).toBe(false)
  expect(answer.headers.get('x-error-code')).toBe(body.code)
  return body
}

describe('bodies', () => {
  it('are read whatever their content type, and whether or not the path ends in a slash', async () => {
    for (const type of [
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      '%%',
    ]) {
      for (const path of ['/api/thing', '/api/thing/', '//api//thing/']) {
        const answer = await fetch(`${url}${path}`, {
          method: 'POST',
          headers: { authorization: TOKEN, 'content-type': type },
          body: '{"name":"x"}',
        })
        expect(await answer.json()).toEqual({ success: true, message: '', data: { name: 'x' } })
      }
    }
  })

  it('without a content type or a body are understood', async () => {
    const bytes = new TextEncoder().encode('{"name":"x"}')
    expect(await (await post(bytes)).json()).toEqual({
      success: true,
      message: '',
      data: { name: 'x' },
    })
    expect(await (await post('')).json()).toEqual({ success: true, message: '', data: {} })
  })

  it('lose unknown members and optional nulls, but keep a null that means something', async () => {
    const sent =
      '{"name":null,"allow_ips":null,"nonsense":1,"__proto__":{"size":"small"},"constructor":1}'
    expect(await (await post(sent)).json()).toEqual({
      success: true,
      message: '',
      data: { allow_ips: null },
    })
  })

  it.each([
    ['{', 'the body is not valid JSON'],
    ['{"name":"a","name":"b"}', 'the body holds the member name twice'],
    ['{"name":"a","n\\u0061me":"b"}', 'the body holds the member name twice'],
    [`${'['.repeat(129)}${']'.repeat(129)}`, 'the body is nested deeper than 128 levels'],
    ['['.repeat(60_000), 'the body is not valid JSON'],
    [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'the body is nested deeper than 128 levels'],
    [`"${'\\"'.repeat(30_000)}`, 'the body is not valid JSON'],
  ])('that are not sound JSON are refused with 200: %.40s', async (body, message) => {
    expect(await refusal(await post(body))).toMatchObject({ code: 'invalid_json', message })
  })

  it('that are not UTF-8 are refused', async () => {
    const answer = await post(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))
    expect((await refusal(answer)).code).toBe('invalid_json')
  })

  it.each([
    ['{"remain_quota":"12"}', 'remain_quota must be a whole number, got "12" (string)'],
    ['{"remain_quota":1.5}', 'remain_quota must be a whole number, got 1.5'],
    ['{"remain_quota":-1}', 'remain_quota must be at least 0, got -1'],
    ['{"name":true}', 'name must be a string, got true'],
    ['{"name":"123456"}', 'name must have at most 5 characters, got "123456" (string)'],
    ['{"allow_ips":5}', 'allow_ips must be a string or null, got 5'],
    ['{"size":"huge"}', 'size must be one of small, large, got "huge" (string)'],
    ['{"items":{}}', 'items must be a list, got an object'],
    ['{"items":[{}]}', 'items[0].amount is required'],
    ['{"items":[{"amount":"x"}]}', 'items[0].amount must be a whole number, got "x" (string)'],
    ['[]', 'the body must be a JSON object, got a list'],
    ['"x"', 'the body must be a JSON object, got a string'],
    ['{"name":"a\\u0000"}', 'name must not hold a NUL character'],
    ['{"name":"\\ud800"}', 'name must not hold an unpaired surrogate'],
  ])('with a wrong member are refused in words that name it: %s', async (body, message) => {
    expect(await refusal(await post(body))).toMatchObject({ code: 'invalid_field', message })
  })

  it.each(['{"key":12345678}', '{"key":["hunter2"]}'])(
    'never see a secret quoted back: %s',
    async (body) => {
      const { message } = await refusal(await post(body))
      expect(message).toMatch(/^key must be a string, got a (number|list)$/)
    },
  )

  it('do not see a key quoted that was sent in the wrong member', async () => {
    const { message } = await refusal(await post(`{"remain_quota":"${API_KEY}"}`))
    expect(message).not.toContain(API_KEY)
    const { message: second } = await refusal(await post(`{"remain_quota":"${TOKEN}"}`))
    expect(second).not.toContain(TOKEN)
  })

  it('over 64 KiB are refused with 413', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(64 * 1024) }))
    expect((await refusal(answer, 413)).code).toBe('body_too_large')
  })
})

describe('credentials', () => {
  const get = (headers: Record<string, string>) =>
    fetch(`${url}/api/thing`, { method: 'POST', body: '{}', headers })

  it.each([TOKEN, `Bearer ${TOKEN}`, `bearer  ${TOKEN}`])('are taken as %.8s...', async (value) => {
    expect((await get({ authorization: value, 'new-api-user': '99' })).status).toBe(200)
  })

  it.each([
    [{}, 'pat_missing', /^no personal access token was sent\. Send a personal access token/],
    [{ authorization: 'Bearer ' }, 'pat_missing', /^no personal access token was sent/],
    [{ authorization: `Bearer ${API_KEY}` }, 'pat_unknown', /^an API key was sent/],
    [{ 'x-api-key': API_KEY }, 'pat_missing', /^an API key was sent/],
    [{ authorization: 'Basic eDp5' }, 'pat_unknown', /^this is not a personal access token: send/],
    [{ authorization: `tpat_${'z'.repeat(43)}` }, 'pat_unknown', /not known/],
  ])(
    'that are missing or of another kind are refused with 401: %o',
    async (headers, code, says) => {
      const body = await refusal(await get(headers as Record<string, string>), 401)
      expect(body.code).toBe(code)
      expect(body.message).toMatch(says)
      expect(body.message).not.toContain(API_KEY)
    },
  )

  it('beside a key of the relay count', async () => {
    expect((await get({ authorization: TOKEN, 'x-api-key': API_KEY })).status).toBe(200)
  })

  it('that come twice and differ are refused', async () => {
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const lines = [`Authorization: ${TOKEN}`, `Authorization: ${ADMIN_TOKEN}`, 'Content-Length: 0']
    socket.end(
      `POST /api/thing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`,
    )
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 401 .*two different/s)
  })

  it('are asked for before the body is read', async () => {
    const answer = await fetch(`${url}/api/thing`, { method: 'POST', body: '{'.repeat(100_000) })
    expect((await refusal(answer, 401)).code).toBe('pat_missing')
  })

  it('of a user do not open what is for administrators', async () => {
    const answer = await fetch(`${url}/api/thing/1`, { headers: { authorization: TOKEN } })
    expect(await refusal(answer, 403)).toMatchObject({
      code: 'scope_missing',
      message: expect.stringContaining('only an administrator'),
    })
  })
})

describe('routes', () => {
  const admin = (path: string) =>
    fetch(`${url}${path}`, { headers: { authorization: ADMIN_TOKEN }, redirect: 'error' })

  it('carry request ids of ours and keep secrets out of caches', async () => {
    const answer = await admin('/api/thing/5/')
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(answer.headers.get('request-id')).toBe(answer.headers.get('x-request-id'))
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['', { page: 1, pageSize: 20, skip: 0 }],
    ['?p=0', { page: 1, pageSize: 20, skip: 0 }],
    ['?p=3&page_size=7', { page: 3, pageSize: 7, skip: 14 }],
    ['?p=2&ps=5', { page: 2, pageSize: 5, skip: 5 }],
    ['?size=500', { page: 1, pageSize: 100, skip: 0 }],
    ['?page_size=', { page: 1, pageSize: 20, skip: 0 }],
  ])('read the page from %s', async (query, page) => {
    expect(await (await admin(`/api/thing/5/${query}`)).json()).toMatchObject({
      data: { id: 5, ...page },
    })
  })

  it.each([
    ['?p=x', 'p must be a whole number, got "x" (string)'],
    ['?p=-1', 'p must be from 0 to 1000000000, got -1'],
    ['?page_size=1.5', 'page_size must be a whole number, got 1.5'],
  ])('refuse nonsense in the query: %s', async (query, message) => {
    expect(await refusal(await admin(`/api/thing/5${query}`))).toMatchObject({
      code: 'invalid_field',
      message,
    })
  })

  it.each([
    ['/api/thing/abc', 'id must be a whole number, got "abc" (string)'],
    ['/api/thing/1e3', 'id must be a whole number, got "1e3" (string)'],
  ])('refuse nonsense in the path: %s', async (path, message) => {
    expect((await refusal(await admin(path))).message).toBe(message)
  })

  it.each(['/api/slashed/a/b', '/api/slashed/a%2Fb', '/api/slashed/a/b/'])(
    'take slashes in a model id: %s',
    async (path) => {
      expect(await (await fetch(url + path)).json()).toMatchObject({ data: 'a/b' })
    },
  )

  it.each(['/api/nothing', '/api/%zz', '/nothing', '/api/thing/1/2'])(
    'that do not exist are a JSON 404: %s',
    async (path) => {
      const answer = await fetch(url + path)
      expect((await refusal(answer, 404)).code).toBe('route_not_found')
      expect(answer.headers.get('x-request-id')).toMatch(/^\w{16,}$/)
    },
  )

  it('name the methods that are offered', async () => {
    const answer = await fetch(`${url}/api/thing`, { method: 'DELETE' })
    expect(answer.headers.get('allow')).toBe('POST')
    expect((await refusal(answer, 404)).message).toBe(
      'DELETE is not offered at /api/thing, but POST',
    )
  })

  it('tell nothing of a fault but the request id, and log it', async () => {
    const answer = await fetch(`${url}/api/broken`)
    const { message, code } = await refusal(answer, 500)
    expect(code).toBe('internal')
    expect(message).not.toContain('hunter2')
    expect(logged.some((line) => line.includes(answer.headers.get('x-request-id') ?? '?'))).toBe(
      true,
    )
  })
})

describe('browsers', () => {
  it('get an open preflight without credentials where the contract says so, and no other', async () => {
    const open = await fetch(`${url}/api/slashed/a`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-headers': 'authorization, x-mine' },
    })
    expect(open.status).toBe(204)
    expect(open.headers.get('access-control-allow-origin')).toBe('*')
    expect(open.headers.get('access-control-allow-headers')).toBe('authorization, x-mine')
    const closed = await fetch(`${url}/api/thing/`, { method: 'OPTIONS' })
    expect(closed.status).toBe(204)
    expect(closed.headers.get('access-control-allow-origin')).toBeNull()
    expect((await fetch(`${url}/api/thing`)).headers.get('access-control-allow-origin')).toBeNull()
    const answer = await fetch(`${url}/api/slashed/a`)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('the limit', () => {
  it('is per account, exact over any minute, and tells when to come back', async () => {
    clock += 120_000
    for (let call = 0; call < 50; call++) {
      expect((await post('{}')).status).toBe(200)
      clock += 100
    }
    const refused = await post('{}')
    expect(refused.headers.get('retry-after')).toBe('55')
    expect((await refusal(refused, 429)).code).toBe('rate_limited')
    const other = await fetch(`${url}/api/thing/1`, { headers: { authorization: ADMIN_TOKEN } })
    expect(other.status).toBe(200)
    clock += 55_001
    expect((await post('{}')).status).toBe(200)
    expect((await post('{}')).status).toBe(429)
  })
})

describe('bad clients', () => {
  beforeEach(() => {
    clock += 120_000
  })

  it('that send far too much read why', async () => {
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const head = ['POST /api/thing HTTP/1.1', 'Host: x', `Authorization: ${TOKEN}`]
    socket.write(`${[...head, 'Content-Length: 50000000'].join('\r\n')}\r\n\r\n`)
    socket.write('x'.repeat(100_000))
    const [first] = await once(socket, 'data')
    expect(String(first)).toMatch(/^HTTP\/1.1 413 .*body_too_large/s)
    socket.destroy()
  })

  it('that leave within their body are no fault of ours', async () => {
    const before = logged.length
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const head = ['POST /api/thing HTTP/1.1', 'Host: x', `Authorization: ${TOKEN}`]
    const arrived = once(server, 'request')
    socket.write(`${[...head, 'Content-Length: 500'].join('\r\n')}\r\n\r\n{"name"`)
    const [request] = await arrived
    const gone = new Promise((resolve) => request.on('close', resolve))
    socket.resetAndDestroy()
    await gone
    expect((await post('{}')).status).toBe(200)
    expect(logged.slice(before)).toEqual([])
  })
})
