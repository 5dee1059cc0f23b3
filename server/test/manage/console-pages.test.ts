import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createConsolePages } from '../../src/manage/console-pages.ts'

const SCRIPT = `console.log(${JSON.stringify('turnpike '.repeat(200))})`
const folder = mkdtempSync(join(tmpdir(), 'turnpike-console-'))
const dist = join(folder, 'dist')
let server: Server
let url = ''

/** What a build leaves behind. */
function build(page = 'one'): void {
  mkdirSync(join(dist, 'assets'), { recursive: true })
  writeFileSync(
    join(dist, 'index.html'),
    `<!doctype html><style nonce="__TURNPIKE_NONCE__"></style>${page}`,
  )
  writeFileSync(join(dist, 'assets/app-1a2b.js'), SCRIPT)
  writeFileSync(join(dist, 'assets/app-1a2b.js.br'), brotliCompressSync(SCRIPT))
  writeFileSync(join(dist, 'assets/app-1a2b.js.gz'), gzipSync(SCRIPT))
  writeFileSync(join(dist, 'favicon.svg'), '<svg/>')
  writeFileSync(join(folder, 'secret'), 'not to be read')
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** The path goes out as it is: `fetch` would take the dots out of it, and undo what is compressed. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { path, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode = 0 } = response
        resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

beforeAll(async () => {
  const pages = createConsolePages({
    folder: dist,
    newId: () => 'an-id',
    newNonce: () => randomBytes(18).toString('base64url'),
    commonHeaders: (id) => ({ 'x-request-id': id, 'x-content-type-options': 'nosniff' }),
  })
  server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (pages.owns(path, request)) void pages.answer(request, response)
    else response.end('not the console')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

it('says what to run while nothing is built, and serves it once it is', async () => {
  const before = await ask('/console/')
  expect(before.status).toBe(404)
  expect(before.body.toString()).toContain('npm run console')
  build()
  expect((await ask('/console/')).status).toBe(200)
})

it.each(['/console', '/console/', '/console/keys', '/console/models/gpt-4.1'])(
  'answers %s with the page, a policy without unsafe-inline, and a nonce of its own',
  async (path) => {
    const [one, two] = await Promise.all([ask(path), ask(path)])
    const policy = String(one.headers['content-security-policy'])
    expect(one.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(one.headers['cache-control']).toBe('no-cache')
    expect(one.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'x-request-id': 'an-id',
    })
    expect(policy).not.toContain('unsafe')
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    const [, nonce = ''] = /nonce="([\w-]{24})"/.exec(one.body.toString()) ?? []
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`)
    expect(two.body.toString()).not.toContain(nonce)
  },
)

it('gives an asset for ever, in the encoding that the browser reads', async () => {
  const path = '/console/assets/app-1a2b.js'
  const plain = await ask(path)
  const br = await ask(path, { 'accept-encoding': 'gzip, deflate, br' })
  const gzip = await ask(path, { 'accept-encoding': 'gzip;q=0.8, br;q=0' })
  expect(plain.body.toString()).toBe(SCRIPT)
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8')
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect([br.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip'])
  expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT)
  expect(gunzipSync(gzip.body).toString()).toBe(SCRIPT)
  expect(new Set([plain, br, gzip].map(({ headers }) => headers['etag'])).size).toBe(3)
  for (const { headers } of [plain, br, gzip]) expect(headers['vary']).toBe('accept-encoding')
})

it('sends nothing again that the browser has', async () => {
  const path = '/console/favicon.svg'
  const first = await ask(path)
  expect(first.headers['cache-control']).toBe('no-cache')
  const again = await ask(path, { 'if-none-match': `"other", W/${first.headers['etag']}` })
  expect([again.status, again.body.length]).toEqual([304, 0])
  expect((await ask(path, { 'if-none-match': '"other"' })).status).toBe(200)
})

it('answers HEAD with the headers alone', async () => {
  const path = '/console/assets/app-1a2b.js'
  const { status, headers, body } = await ask(path, {}, 'HEAD')
  expect([status, body.length]).toEqual([200, 0])
  expect(headers['content-length']).toBe(String(SCRIPT.length))
})

it.each([
  '/console/assets/none.js',
  '/console/assets/../../secret',
  '/console/assets/..%2f..%2fsecret',
  '/console/assets/app-1a2b.js.br',
])('has no asset at %s, and says so as JSON', async (path) => {
  const { status, headers, body } = await ask(path)
  expect(status).toBe(404)
  expect(headers['x-error-code']).toBe('route_not_found')
  expect(JSON.parse(body.toString())).toMatchObject({ success: false, code: 'route_not_found' })
})

it.each(['/console/../secret', '/console/%2e%2e/secret', '/console/..\\secret', '/console/%00'])(
  'shows the page at %s, never a file from elsewhere',
  async (path) => {
    expect((await ask(path)).body.toString()).not.toContain('not to be read')
  },
)

it('refuses what would change something', async () => {
  const { status, headers } = await ask('/console/', {}, 'POST')
  expect([status, headers['allow']]).toEqual([404, 'GET, HEAD'])
})

it('sends a browser that asks for the gateway itself to the console, and no program', async () => {
  const browser = await ask('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
  expect([browser.status, browser.headers['location']]).toEqual([302, '/console/'])
  expect((await ask('/', { accept: '*/*' })).body.toString()).toBe('not the console')
})

it('serves a new build without a restart', async () => {
  build('two')
  const later = new Date(Date.now() + 60_000)
  utimesSync(join(dist, 'index.html'), later, later)
  expect((await ask('/console/')).body.toString()).toContain('two')
})
