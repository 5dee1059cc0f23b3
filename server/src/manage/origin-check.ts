import type { IncomingMessage } from 'node:http'
import { Refused } from '../errors.ts'

/** Methods that change nothing: a page of another origin may have a browser send them, and learns nothing. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * What a cookie opens is asked by pages of this gateway alone (contract 1): a browser sends cookies along whoever
 * wrote the page. So what changes something needs the gateway's own `Origin`, and a body that no form can send.
 * @throws Refused `origin_refused`, `invalid_request`
 */
export function requireOwnPage(request: IncomingMessage, origin: string): void {
  if (SAFE.has(request.method ?? '')) return
  const sent = request.headers.origin
  if (sent !== origin) {
    const what = sent === undefined ? 'no Origin was sent' : 'the Origin that was sent is another'
    throw new Refused('origin_refused', `this gateway is ${origin} to its callers; ${what}`)
  }
  // Fastify never sees the type (see app.ts), so it is read where it came.
  const type = request.headersDistinct['content-type']?.[0] ?? ''
  if (hasBody(request) && !/^application\/json\s*(;|$)/i.test(type)) {
    throw new Refused('invalid_request', 'send the body as Content-Type: application/json')
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
