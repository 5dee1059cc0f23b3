import type { IncomingMessage, ServerResponse } from 'node:http'
import { openai } from '../dialects/openai.ts'
import { Refused } from '../errors.ts'
import { ClientLeft } from '../relay/client-left.ts'
import type { Deadlines } from '../relay/forward/deadlines.ts'
import type { Relay } from '../relay/relay.ts'
import type { Asked, Client } from '../relay/values.ts'
import { BodyBrokenOff, readBody } from './body.ts'
import type { ClientAddress } from './client-address.ts'
import { CORS_HEADERS } from './cors.ts'
import { credentialOf } from './credential.ts'
import type { Route } from './path.ts'
import { queryForUpstream } from './query.ts'
import { refuse } from './refuse.ts'

export interface ModelDoorParts {
  readonly relay: Relay
  readonly clientAddress: ClientAddress
  readonly deadlines: Deadlines
  readonly nextId: () => string
  /** Setting `limits.body_bytes`, asked each time. */
  readonly bodyBytes: () => number
  /** How long a caller may pause within its body. */
  readonly bodyIdleMs: number
  /** Setting `errors.type`. */
  readonly errorType: () => string
  readonly draining: () => boolean
  readonly now: () => number
  readonly log: DoorLog
  readonly served: (call: ServedCall) => void
}

/** What a door needs of a log. */
export interface DoorLog {
  info(told: object, message: string): void
  error(told: object, message: string): void
}

export interface ServedCall {
  readonly endpoint: string
  readonly status: number
  readonly code: string
  readonly seconds: number
}

export type ModelRoute = Exclude<Route, { readonly to: 'manage' }>

/** Turns requests under model prefixes into calls of the relay, and what it throws into refusals. */
export function createModelDoor(parts: ModelDoorParts) {
  return function open(
    request: IncomingMessage,
    response: ServerResponse,
    route: ModelRoute,
    query: string,
  ): void {
    const visit = new Visit(request, response)
    const id = parts.nextId()
    visit.headers = ['X-Request-Id', id, 'request-id', id]
    if (request.headers.origin !== undefined) visit.headers.push(...CORS_HEADERS)
    const startedAt = parts.now()
    const endpoint = route.to === 'relay' ? route.endpoint : 'nowhere'
    const done = (code: string) => {
      const seconds = (parts.now() - startedAt) / 1000
      parts.served({ endpoint, status: response.statusCode, code, seconds })
    }
    try {
      const asked = toAsked(parts, { request, visit, route, query, id, startedAt })
      parts.relay(asked).then(
        () => done(''),
        (failure: unknown) => done(conclude(parts, visit, id, failure)),
      )
    } catch (failure) {
      done(conclude(parts, visit, id, failure))
    }
  }
}

interface Arrival {
  readonly request: IncomingMessage
  readonly visit: Visit
  readonly route: ModelRoute
  readonly query: string
  readonly id: string
  readonly startedAt: number
}

function toAsked(parts: ModelDoorParts, arrival: Arrival): Asked {
  const { request, visit, route, query, id, startedAt } = arrival
  if (route.to === 'nowhere') {
    throw new Refused('route_not_found', `${route.because}. The base URL is ${baseUrl(request)}`)
  }
  if (parts.draining()) throw new Refused('draining', undefined, { retryAfter: 2 })
  const { headers } = request
  const callerId = headers['x-request-id']
  if (typeof callerId === 'string') {
    parts.log.info(
      { request: id, callerId: callerId.slice(0, 200) },
      'the caller has an id of its own',
    )
  }
  const forwarded = headers['x-forwarded-for'] as string | undefined
  return {
    id,
    endpoint: route.endpoint,
    dialect: openai,
    object: route.object,
    credential: credentialOf(headers),
    ip: parts.clientAddress(request.socket.remoteAddress ?? '', forwarded),
    headers: request.rawHeaders,
    query: queryForUpstream(query),
    startedAt,
    client: visit,
    body: () =>
      readBody(request, visit.response, {
        bytes: parts.bodyBytes(),
        idleMs: parts.bodyIdleMs,
        deadlines: parts.deadlines,
      }),
  }
}

/** Ends a request that failed. Answers the code that was said, or an empty one. */
function conclude(parts: ModelDoorParts, visit: Visit, id: string, failure: unknown): string {
  const { response } = visit
  if (visit.left || failure instanceof ClientLeft || failure instanceof BodyBrokenOff) {
    response.destroy()
    return ''
  }
  const expected = failure instanceof Refused
  if (!expected || failure.detail !== undefined) {
    parts.log.error({ request: id, failure }, 'a model request failed')
  }
  // The head is out: the only way left to say that it went wrong is to break off.
  if (response.headersSent) {
    response.destroy()
    return 'internal'
  }
  const refused = expected ? failure : new Refused('internal')
  const { headers } = visit
  refuse({ response, dialect: openai, requestId: id, type: parts.errorType(), headers }, refused)
  return refused.code
}

/** `http://host/v1`, as this caller reached us. */
function baseUrl({ headers, socket }: IncomingMessage): string {
  const host = /^[\w.:[\]-]{1,255}$/.test(headers.host ?? '') ? headers.host : 'this-host'
  const encrypted = 'encrypted' in socket || headers['x-forwarded-proto'] === 'https'
  return `${encrypted ? 'https' : 'http'}://${host}/v1`
}

/** The caller's end of a request. */
class Visit implements Client {
  readonly response: ServerResponse
  headers: string[] = []
  left = false
  #listener: (() => void) | undefined

  constructor(_request: IncomingMessage, response: ServerResponse) {
    this.response = response
    // An answer that was sent whole closes too.
    response.on('close', () => {
      if (response.writableFinished) return
      this.left = true
      this.#listener?.()
    })
  }

  onLeave(listener: () => void) {
    this.#listener = listener
  }
}
