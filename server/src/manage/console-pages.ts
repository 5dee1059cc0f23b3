import type { IncomingMessage, ServerResponse } from 'node:http'
import { type RefusalCode, statusOf } from '../errors.ts'
import { type ConsoleFile, createConsoleFiles } from './console-files.ts'
import { failure } from './envelope.ts'
import { pathOf } from './route.ts'

const PATH = '/console'
const INDEX = 'index.html'
/** Stands in the built page wherever a style may be added: see `html.cspNonce` in console/vite.config.ts. */
const NONCE_MARK = '__TURNPIKE_NONCE__'
const FOUND = 302
const OK = 200
const NOT_MODIFIED = 304
/** A year. The names of assets hold a digest of their content. */
const FOR_EVER = 'public, max-age=31536000, immutable'
const ASK_AGAIN = 'no-cache'

/** Of everything below /console. Features that the console does not use are off. */
const PAGE_HEADERS = {
  // Not `no-referrer`: the sign-in judges by where a request comes from.
  'referrer-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/**
 * Scripts only as files of ours. Styles that Mantine adds while it runs carry the nonce; style attributes that React
 * sets go through the object model, which no policy holds back, so attributes in markup stay forbidden.
 */
const policy = (nonce: string) =>
  [
    "default-src 'self'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

export interface ConsolePagesParts {
  /** What `npm run console` built. */
  readonly folder: string
  readonly newId: () => string
  /** Nobody can guess it; different for each page. */
  readonly newNonce: () => string
  /** What every answer says about itself. */
  commonHeaders(requestId: string): Readonly<Record<string, string>>
}

export interface ConsolePages {
  /** Whether the console answers this: what lies below /console, and a browser that asks for the gateway itself. */
  owns(path: string, request: IncomingMessage): boolean
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}

type Headers = Readonly<Record<string, string>>

/** Serves the web console. It is read into memory when somebody asks for it first. */
export function createConsolePages(parts: ConsolePagesParts): ConsolePages {
  const files = createConsoleFiles(parts.folder)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request.url ?? '')
    const headers = { ...parts.commonHeaders(parts.newId()), ...PAGE_HEADERS }
    const send = (status: number, more: Headers, body?: string | Buffer) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      response.writeHead(status, { ...headers, ...more, ...length })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
    if (path === '/') return send(FOUND, { location: `${PATH}/`, vary: 'accept' })
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(...refused('the console is read with GET', { allow: 'GET, HEAD' }))
    }
    const built = await files()
    if (built === undefined) return send(...notBuilt())
    const name = path.slice(PATH.length + 1)
    const file = name === INDEX ? undefined : built.get(name)
    if (file !== undefined) return sendFile(request, file, { name, send })
    if (name.startsWith('assets/')) {
      return send(...refused('the console has no such file: reload the page', {}))
    }
    // Everything else is a screen, whose address the page itself reads.
    const page = built.get(INDEX)
    return page === undefined ? send(...notBuilt()) : send(...indexPage(page, parts.newNonce()))
  }

  return {
    owns: (path, request) =>
      path === PATH ||
      path.startsWith(`${PATH}/`) ||
      (path === '/' && request.method === 'GET' && wantsPage(request)),
    answer,
  }
}

/** Programs that look whether anybody is there get the API's answer. */
const wantsPage = ({ headers }: IncomingMessage): boolean =>
  headers.accept?.includes('text/html') ?? false

type Reply = readonly [status: number, headers: Headers, body: string]

/** No ETag: a copy that is confirmed would keep its old nonce under a new policy. It has a kilobyte. */
function indexPage({ type, plain }: ConsoleFile, nonce: string): Reply {
  const headers = {
    'content-type': type,
    'cache-control': ASK_AGAIN,
    'content-security-policy': policy(nonce),
  }
  return [OK, headers, plain.toString().replaceAll(NONCE_MARK, nonce)]
}

interface Sending {
  readonly name: string
  send(status: number, headers: Headers, body?: Buffer): void
}

function sendFile(request: IncomingMessage, file: ConsoleFile, { name, send }: Sending): void {
  const encoding = encodingOf(request, file)
  const tag = `"${file.tag}${encoding === undefined ? '' : `-${encoding}`}"`
  const headers = {
    etag: tag,
    vary: 'accept-encoding',
    'cache-control': name.startsWith('assets/') ? FOR_EVER : ASK_AGAIN,
  }
  const known = request.headers['if-none-match'] ?? ''
  if (known === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)) {
    send(NOT_MODIFIED, headers)
    return
  }
  const encoded = encoding === undefined ? {} : { 'content-encoding': encoding }
  const body = encoding === undefined ? file.plain : (file[encoding] ?? file.plain)
  send(OK, { ...headers, ...encoded, 'content-type': file.type }, body)
}

function encodingOf(request: IncomingMessage, file: ConsoleFile): 'br' | 'gzip' | undefined {
  const accepted = String(request.headers['accept-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim().split(/\s*;\s*/))
    .filter(([, weight]) => weight === undefined || !/^q=0(\.0*)?$/.test(weight))
    .map(([word]) => word)
  if (file.br !== undefined && accepted.includes('br')) return 'br'
  return file.gzip !== undefined && accepted.includes('gzip') ? 'gzip' : undefined
}

const NOTHING_THERE: RefusalCode = 'route_not_found'

function refused(why: string, headers: Headers): Reply {
  const type = { 'content-type': 'application/json; charset=utf-8', 'x-error-code': NOTHING_THERE }
  const body = JSON.stringify(failure(NOTHING_THERE, why))
  return [statusOf(NOTHING_THERE), { ...type, ...headers, 'cache-control': 'no-store' }, body]
}

function notBuilt(): Reply {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-error-code': NOTHING_THERE,
  }
  const page = `<!doctype html><html lang="en"><title>Turnpike</title><h1>The console is not built</h1>
<p>Run <code>npm install</code>, or only <code>npm run console</code>, in the folder of this gateway, and load this page again.
The API works without it: see <a href="/docs">its reference</a>.</p></html>`
  return [statusOf(NOTHING_THERE), headers, page]
}
