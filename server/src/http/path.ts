import type { DialectName, PathSays } from '../dialects/dialect.ts'
import { EMBEDDINGS_OF_GEMINI } from '../dialects/gemini-embeddings.ts'
import { OPERATIONS } from '../dialects/operations.ts'
import { masked } from '../relay/quoted.ts'
import type { Endpoint, ObjectAsked } from '../relay/values.ts'
import { CALLS_ABOUT, callAbout, objectAsked } from './object-path.ts'

/** Where a request goes: a model endpoint, nowhere under a model prefix, or to the management API. */
export type Route =
  | {
      readonly to: 'relay'
      readonly endpoint: Endpoint
      /** Of lists of models it is the caller's: see `dialectOfCaller`. */
      readonly dialect: DialectName | 'of the caller'
      /** What is asked besides chats: see `operationNamed`. */
      readonly operation?: string
      readonly path: PathSays
      /** Of the endpoint `object`. */
      readonly object?: ObjectAsked
    }
  | { readonly to: 'nowhere'; readonly because: string; readonly dialect: DialectName }
  | { readonly to: 'manage' }

const MANAGE: Route = { to: 'manage' }
/** The body says it. */
const NOTHING_SAID: PathSays = { model: '', stream: false }
const calling = (dialect: DialectName, endpoint: Endpoint = 'chat') =>
  ({ to: 'relay', endpoint, dialect, path: NOTHING_SAID }) as const
const CHAT = calling('openai')
const MESSAGES = calling('anthropic')
const RESPONSES = calling('responses')

/** First segments that only model requests have. */
const PREFIXES = new Set([
  'v1',
  'v1beta',
  'v1alpha',
  'chat',
  'completions',
  'embeddings',
  'moderations',
  'images',
  'audio',
  'rerank',
  'files',
  'batches',
  'videos',
  'realtime',
  'responses',
  'conversations',
  'messages',
  'models',
])
/** Families of the vendor whose API we speak that are not offered here. */
const NOT_OFFERED = new Set([
  'mj',
  'suno',
  'kling',
  'runwayml',
  'luma',
  'pika',
  'sd',
  'ideogram',
  'bria',
  'replicate',
])

/** Sorts a request by method and path (no query). Usual spellings first; the rest is forgiven as contract 3 says. */
export function routeOf(method: string, path: string): Route {
  if (method === 'POST') {
    if (path === '/v1/chat/completions') return CHAT
    if (path === '/v1/messages') return MESSAGES
    if (path === '/v1/responses') return RESPONSES
  }
  if (path.startsWith('/api/') || path === '/') return MANAGE
  const segments = path.split('/').filter((segment) => segment !== '')
  const first = segments[0] ?? ''
  if (NOT_OFFERED.has(first)) return nowhere(`/${first} is not offered by this gateway`)
  if (!PREFIXES.has(first)) return MANAGE
  while (segments[0] === 'v1' && VERSIONS.has(segments[1] ?? '')) segments.shift()
  const version = VERSIONS.has(segments[0] ?? '') ? segments.shift() : undefined
  const isGoogles = version !== undefined && version !== 'v1'
  const [family = '', ...others] = segments
  if (family === 'models') return modelsRoute(method, others.join('/'), isGoogles)
  if (family === 'realtime' && !isGoogles) return realtimeRoute(method, others)
  const route = isGoogles ? undefined : callRoute(segments)
  if (route !== undefined && method === 'POST') return route
  const object = isGoogles ? undefined : objectAsked(method, segments)
  if (object !== undefined && typeof object !== 'string') return { ...OBJECT, object }
  if (route !== undefined) return nowhere('use POST', route)
  if (object !== undefined) return nowhere(object)
  const asked = `${method} ${masked(path).slice(0, 200)}`
  return nowhere(`${asked} is not offered by this version`, isGoogles ? GEMINI : undefined)
}

const VERSIONS = new Set(['v1', 'v1beta', 'v1alpha'])
const CALLS: ReadonlyMap<string, Route> = new Map([
  ['chat/completions', CHAT],
  ['messages', MESSAGES],
  ['responses', RESPONSES],
  ['messages/count_tokens', calling('anthropic', 'count')],
  ['responses/input_tokens', calling('responses', 'count')],
])

function callRoute(segments: readonly string[]): Route | undefined {
  const path = segments.join('/')
  const known = CALLS.get(path)
  if (known !== undefined) return known
  if (CALLS_ABOUT.has(path)) return undefined
  if (OPERATIONS.has(path)) return { ...CHAT, operation: path }
  const about = callAbout(segments)
  if (about === undefined) return undefined
  return { ...CHAT, operation: about.operation, path: { ...NOTHING_SAID, id: about.id } }
}

const OBJECT = calling('openai', 'object')
/** Where it is a handshake of a WebSocket (http/upgrade.ts); other requests are told so. */
const REALTIME = calling('openai', 'realtime')

/** Sessions alone: what WebRTC takes would let callers past the gateway. */
function realtimeRoute(method: string, [part]: readonly string[]): Route {
  if (part === undefined) return method === 'GET' ? REALTIME : nowhere('use GET')
  if (REALTIME_PARTS.has(part)) {
    return nowhere(
      `realtime/${part} is not offered: sessions go over a WebSocket to /v1/realtime, with an API key of this gateway`,
    )
  }
  return nowhere(`realtime/${masked(part).slice(0, 100)} is not offered by this version`)
}

const REALTIME_PARTS = new Set([
  ...['client_secrets', 'calls', 'sessions', 'transcription_sessions', 'translations'],
])
const GEMINI = calling('gemini')

/** Lists of models, one model, and Gemini's calls, which name their model in the path: `models/{model}:{method}`. */
function modelsRoute(method: string, rest: string, isGoogles: boolean): Route {
  const said = decoded(rest)
  const colon = said.lastIndexOf(':')
  if (method === 'POST') {
    if (colon <= 0) return nowhere('use GET', GEMINI)
    return geminiRoute(said.slice(0, colon), said.slice(colon + 1))
  }
  if (method !== 'GET' && method !== 'HEAD') return nowhere('use GET')
  const dialect = isGoogles ? 'gemini' : 'of the caller'
  const endpoint = rest === '' ? 'models' : 'model'
  return { to: 'relay', endpoint, dialect, path: { model: said, stream: false } }
}

function geminiRoute(model: string, method: string): Route {
  const stream = STREAMS.get(method)
  if (stream !== undefined) return { ...GEMINI, path: { model, stream } }
  const path = { model, stream: false }
  if (method === 'countTokens') return { ...GEMINI, endpoint: 'count', path }
  if (EMBEDDINGS_OF_GEMINI.has(method)) return { ...GEMINI, operation: method, path }
  const said = masked(method).slice(0, 100)
  return nowhere(`the method ${said} is not offered by this version`, GEMINI)
}

const STREAMS: ReadonlyMap<string, boolean> = new Map([
  ['generateContent', false],
  ['streamGenerateContent', true],
])

/** In the words of whoever asked, as far as the path tells. */
function nowhere(because: string, like?: Route): Route {
  const dialect = like?.to === 'relay' && like.dialect !== 'of the caller' ? like.dialect : 'openai'
  return { to: 'nowhere', because, dialect }
}

/** Model ids may hold `/`, raw or as %2F. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
