import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dialect } from '../dialects/dialect.ts'
import { DIALECTS } from '../dialects/dialects.ts'
import { announcedBoundary } from '../dialects/forms.ts'
import { operationNamed } from '../dialects/operations.ts'
import { Refused } from '../errors.ts'
import { ClientLeft } from '../relay/client-left.ts'
import type { Deadlines } from '../relay/forward/deadlines.ts'
import type { Relay } from '../relay/relay.ts'
import type { Asked, Client } from '../relay/values.ts'
import type { ArrivingUpload, Uploads } from '../uploads/uploads.ts'
import { answerHeaders } from './answer-headers.ts'
import { type BeginUpload, BodyBrokenOff, readBody } from './body.ts'
import type { ClientAddress } from './client-address.ts'
import { type CredentialOf, createCredentialOf } from './credential.ts'
import type { Route } from './path.ts'
import { keyIn, queryForUpstream } from './query.ts'
import { refusalOf, refuse } from './refuse.ts'
import { type Handshake, keyInProtocols } from './upgrade.ts'
import { UpgradeVisit, Visit } from './visit.ts'

export interface ModelDoorParts {
  readonly relay: Relay
  readonly clientAddress: ClientAddress
  readonly deadlines: Deadlines
  readonly nextId: () => string
  /** Setting `limits.body_bytes`, asked each time. */
  readonly bodyBytes: () => number
  readonly uploads: Pick<Uploads, 'begin'>
  /** How long a caller may pause within its body. */
  readonly bodyIdleMs: number
  /** Setting `errors.type`. */
  readonly errorType: () => string
  readonly draining: () => boolean
  readonly now: () => number
  readonly log: DoorLog
  readonly served: (call: ServedCall) => void
  /** Called when an answer is over, whole or not. */
  readonly ended: () => void
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

/** Both ways in: for requests, and for those that ask for a WebSocket. */
export interface ModelDoor {
  open(request: IncomingMessage, response: ServerResponse, to: Address): void
  upgrade(handshake: Handshake, to: Address): void
}

/** What a request is sent to. */
export interface Address {
  readonly route: ModelRoute
  /** With its question mark, or empty. */
  readonly query: string
}

/** Turns requests under model prefixes into calls of the relay, and what it throws into refusals. */
export function createModelDoor(parts: ModelDoorParts): ModelDoor {
  const credentialOf = createCredentialOf()
  async function serve(arrival: Arrival): Promise<void> {
    const { route, startedAt, visit } = arrival
    let code = ''
    try {
      const answering = parts.relay(toAsked(parts, credentialOf, arrival))
      if (answering instanceof Refused) code = conclude(parts, arrival, answering)
      else await answering
    } catch (failure) {
      code = conclude(parts, arrival, failure)
    } finally {
      arrival.upload?.release()
    }
    parts.served({
      endpoint: route.to === 'relay' ? route.endpoint : 'nowhere',
      status: visit.response.statusCode,
      code,
      seconds: (parts.now() - startedAt) / 1000,
    })
  }

  return {
    open(request, response, { route, query }) {
      const id = parts.nextId()
      const headers = answerHeaders(id, request.headers.origin !== undefined)
      const visit = new Visit(response, headers, parts.ended)
      void serve({ request, visit, route, query, id, startedAt: parts.now() })
    },
    upgrade(handshake, { route, query }) {
      const { request } = handshake
      const id = parts.nextId()
      const headers = answerHeaders(id, request.headers.origin !== undefined)
      const visit = new UpgradeVisit(handshake, headers, parts.bodyBytes)
      const arrival = { request, visit, route, query, id, startedAt: parts.now(), upgrade: visit }
      // Its charges come after its connection has closed.
      void serve(arrival).finally(parts.ended)
    },
  }
}

interface Arrival {
  readonly request: IncomingMessage
  readonly visit: Client
  /** Where it is a handshake. */
  readonly upgrade?: UpgradeVisit
  readonly route: ModelRoute
  readonly query: string
  readonly id: string
  readonly startedAt: number
  /** Its body, where that is a long form: on the disk until the call is over. */
  upload?: ArrivingUpload
}

function toAsked(parts: ModelDoorParts, credentialOf: CredentialOf, arrival: Arrival): Asked {
  const { request, visit, route, query, id, startedAt, upgrade } = arrival
  if (route.to === 'nowhere') throw notFound(request, route.because)
  if (route.endpoint === 'realtime' && upgrade === undefined) throw notFound(request, NO_HANDSHAKE)
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
    dialect: dialectOf(arrival),
    path: route.path,
    object: route.object,
    upgrade,
    credential: credentialOf(headers, request.socket, keyElsewhere(arrival)),
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
        beginUpload: uploadOf(parts, arrival),
      }),
  }
}

/** Where the form goes that this request may bring; `undefined`: it brings none, or it is not for us to take apart. */
function uploadOf({ uploads }: ModelDoorParts, arrival: Arrival): BeginUpload | undefined {
  const { request, route } = arrival
  const takesFiles =
    dialectOf(arrival).readsForms === true ||
    (route.to === 'relay' && route.object?.kind === 'file')
  const boundary = takesFiles ? announcedBoundary(request.rawHeaders) : undefined
  if (boundary === undefined) return undefined
  return (heard) => {
    arrival.upload = uploads.begin(boundary, heard)
    return arrival.upload
  }
}

/** Ends a request that failed. Answers the code that was said, or an empty one. */
function conclude(parts: ModelDoorParts, arrival: Arrival, failure: unknown): string {
  const { visit, id } = arrival
  const { response, headers } = visit
  if (visit.left || failure instanceof ClientLeft || failure instanceof BodyBrokenOff) {
    response.destroy()
    return ''
  }
  const expected = failure instanceof Refused
  if (!expected) parts.log.error({ request: id, failure }, 'a model request failed')
  else if (failure.detail !== undefined) {
    const { code, detail } = failure
    parts.log.error({ request: id, code, detail }, 'a model request failed')
  }
  // The head is out: the only way left to say that it went wrong is to break off.
  if (response.headersSent) {
    response.destroy()
    return 'internal'
  }
  const refused = expected ? failure : new Refused('internal')
  const dialect = dialectOf(arrival)
  const refusing = { dialect, requestId: id, type: parts.errorType(), headers }
  refuse(response, refusalOf(refusing, refused))
  return refused.code
}

/** In whose words the answer is. Contract 3: lists of models come in the caller's own. */
function dialectOf({ route, request: { headers }, query }: Arrival): Dialect {
  if (route.dialect !== 'of the caller') {
    const operation = route.to === 'relay' ? route.operation : undefined
    return (operation && operationNamed(operation)) || DIALECTS[route.dialect]
  }
  if (headers['x-goog-api-key'] !== undefined || keyIn(query) !== undefined) return DIALECTS.gemini
  return headers['anthropic-version'] === undefined ? DIALECTS.openai : DIALECTS.anthropic
}

const NO_HANDSHAKE = 'open /v1/realtime as a WebSocket of version 13'

const notFound = (request: IncomingMessage, because: string): Refused =>
  new Refused('route_not_found', `${because}. The base URL is ${baseUrl(request)}`)

/** `?key=` is a credential on Gemini's paths only, an offered protocol on handshakes only (contract 1). */
function keyElsewhere(arrival: Arrival): string | undefined {
  if (arrival.upgrade !== undefined) return keyInProtocols(arrival.request)
  if (arrival.query === '') return undefined
  return dialectOf(arrival).name === 'gemini' ? keyIn(arrival.query) : undefined
}

/** `http://host/v1`, as this caller reached us. */
function baseUrl({ headers, socket }: IncomingMessage): string {
  const host = /^[\w.:[\]-]{1,255}$/.test(headers.host ?? '') ? headers.host : 'this-host'
  const encrypted = 'encrypted' in socket || headers['x-forwarded-proto'] === 'https'
  return `${encrypted ? 'https' : 'http'}://${host}/v1`
}
