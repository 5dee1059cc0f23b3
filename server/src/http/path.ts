import { masked } from '../relay/quoted.ts'
import type { Endpoint } from '../relay/values.ts'

/** Where a request goes: a model endpoint, nowhere under a model prefix, or to the management API. */
export type Route =
  | { readonly to: 'relay'; readonly endpoint: Endpoint; readonly object: string }
  | { readonly to: 'nowhere'; readonly because: string }
  | { readonly to: 'manage' }

const MANAGE: Route = { to: 'manage' }
const CHAT: Route = { to: 'relay', endpoint: 'chat', object: '' }
const MODELS: Route = { to: 'relay', endpoint: 'models', object: '' }

/** First segments that only model requests have. */
const PREFIXES = new Set([
  'v1',
  'v1beta',
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
  if (path === '/v1/chat/completions' && method === 'POST') return CHAT
  if (path.startsWith('/api/') || path === '/') return MANAGE
  const segments = path.split('/').filter((segment) => segment !== '')
  const first = segments[0] ?? ''
  if (NOT_OFFERED.has(first)) return nowhere(`/${first} is not offered by this gateway`)
  if (!PREFIXES.has(first)) return MANAGE
  while (segments[0] === 'v1' && segments[1] === 'v1') segments.shift()
  if (segments[0] === 'v1') segments.shift()
  const [family, rest] = [segments[0], segments.slice(1).join('/')]
  if (family === 'chat' && rest === 'completions')
    return method === 'POST' ? CHAT : nowhere('use POST')
  if (family === 'models') {
    if (method !== 'GET' && method !== 'HEAD') return nowhere('use GET')
    return rest === '' ? MODELS : { to: 'relay', endpoint: 'model', object: decoded(rest) }
  }
  return nowhere(`${method} ${masked(path).slice(0, 200)} is not offered by this version`)
}

const nowhere = (because: string): Route => ({ to: 'nowhere', because })

/** Model ids may hold `/`, raw or as %2F. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
