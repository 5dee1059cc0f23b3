import type { IncomingMessage, ServerResponse } from 'node:http'

/** What every answer that any page may read carries. */
export const ANY_ORIGIN = ['Access-Control-Allow-Origin', '*'] as const
const EXPOSED = [
  'Access-Control-Expose-Headers',
  'X-Request-Id, request-id, Retry-After, X-Error-Code, X-Turnpike-Attempts, X-Turnpike-Cost, X-Turnpike-Model, X-Turnpike-Output-Limit, ' +
    'x-should-retry, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, ' +
    'x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens',
] as const

/** What answers to scripts of other origins carry besides (contract 3.5). Credentials are never allowed. */
export const CORS_HEADERS: readonly string[] = [...ANY_ORIGIN, ...EXPOSED]

/** Management routes that any browser page may call; all other `/api` is for our own origin. */
const OPEN_PATHS = new Set(['/api/models', '/api/usage/token'])

/** Whether any page may call this management path. */
export const isOpenPath = (path: string): boolean =>
  OPEN_PATHS.has(path.endsWith('/') ? path.slice(0, -1) : path)

/** Answers a browser's question before the request itself: no credential is asked for it. `ids`: names and values. */
export function answerPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  ids: readonly string[],
): void {
  const asked = request.headers['access-control-request-headers']
  response.writeHead(NO_CONTENT, [
    ...ids,
    ...ANY_ORIGIN,
    'Access-Control-Allow-Methods',
    'GET, POST, DELETE, OPTIONS',
    'Access-Control-Allow-Headers',
    asked ?? '*, Authorization',
    'Access-Control-Max-Age',
    '86400',
    'Content-Length',
    '0',
  ])
  response.end()
}

const NO_CONTENT = 204
