import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../accounts/caller.ts'
import { Refused } from '../errors.ts'
import { type Credentials, NOBODY, proveCaller, proveSession, requireScope } from './access.ts'
import { success, successAround } from './envelope.ts'
import { readJson } from './json.ts'
import type { Admit } from './limits.ts'
import type { Answer, Asked, IdempotencyClaim, Operation } from './operation.ts'
import { requireOwnPage } from './origin-check.ts'
import { createParse, createTextParse, type Named } from './parse.ts'
import type { Rooms } from './rooms.ts'

export interface RouteParts {
  readonly rooms: Pick<Rooms, 'accessTokens' | 'sessions'>
  readonly admitToken: Admit
  /** Counted apart: else whoever holds a key could keep its owner from taking it away. */
  readonly admitKey: Admit
  /** The caller's address (contract 3.2), from the door that knows the trusted proxies. */
  readonly clientAddress: (request: IncomingMessage) => string
  /** Where the caller sees the gateway, such as `https://gateway.example`. */
  readonly origin: (request: IncomingMessage) => string
}

/** What stands between Fastify and one operation: `enter` before the body is read, `answer` after. */
export interface OperationDoor {
  enter(request: FastifyRequest): Promise<void>
  answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

const LONGEST_IDEMPOTENCY_KEY = 255

/** Builds the door of an operation: who asks, then what, then the work, then the envelope. */
export function createDoor(described: Operation, parts: RouteParts): OperationDoor {
  const parsers = createParsers(described)
  const prove = async ({ raw }: FastifyRequest): Promise<Caller> => {
    if (described.scope === 'public') return NOBODY
    const sent: Credentials = {
      authorization: raw.headersDistinct.authorization ?? [],
      apiKeyHeader: hasApiKeyHeader(raw),
    }
    return (await bySession(raw, sent, parts)) ?? proveCaller(parts.rooms.accessTokens, sent)
  }
  return {
    async enter(request) {
      const caller = await prove(request)
      if (caller !== NOBODY) parts.admitToken(caller.accountId)
      requireScope(caller, described)
    },
    async answer(request, reply) {
      const bytes = request.body instanceof Uint8Array ? request.body : new Uint8Array()
      // Again: a body may take minutes to arrive, and who stole a token must not keep calls in store for its end.
      const caller = await prove(request)
      requireScope(caller, described)
      const asked: Asked<Named, Named> = {
        caller,
        params: parsers.params(pathParams(request)),
        query: parsers.query(request.query),
        body: described.body === undefined ? undefined : parsers.body(readJson(bytes)),
        headers: singleHeaders(request.raw),
        ip: parts.clientAddress(request.raw),
        requestId: request.id,
        origin: () => parts.origin(request.raw),
        idempotency: described.idempotent ? claimOf(request, bytes) : undefined,
        admitKey: parts.admitKey,
      }
      return send(await described.run(asked), reply)
    },
  }
}

/** A cookie opens nothing to pages of other origins. */
async function bySession(
  raw: IncomingMessage,
  sent: Credentials,
  { rooms, origin }: RouteParts,
): Promise<Caller | undefined> {
  const { cookie } = raw.headers
  if (cookie === undefined) return undefined
  const own = origin(raw)
  const cookies = { cookies: cookie, secure: own.startsWith('https:') }
  const caller = await proveSession(rooms, sent, cookies)
  if (caller !== undefined) requireOwnPage(raw, own)
  return caller
}

const nothing = () => ({})

function createParsers({ params, query, body }: Operation) {
  return {
    params: params === undefined ? nothing : createTextParse(params),
    query: query === undefined ? nothing : createTextParse(query),
    body: body === undefined ? nothing : createParse(body),
  }
}

/** `{model...}` is Fastify's `*`; which of our names that is, the door of the operation knows by its only parameter. */
function pathParams(request: FastifyRequest): object {
  const { '*': rest, ...named }: Record<string, string> = Object(request.params)
  if (rest === undefined) return named
  const name = /\{(\w+)\.\.\.\}$/.exec(String(request.routeOptions.config.path))?.[1]
  return name === undefined ? named : { ...named, [name]: rest.replace(/\/+$/, '') }
}

const hasApiKeyHeader = ({ headers }: IncomingMessage): boolean =>
  headers['x-api-key'] !== undefined || headers['x-goog-api-key'] !== undefined

function singleHeaders({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )
}

/** The path without query and trailing slashes: both spellings are one route. */
export const pathOf = (url: string): string =>
  (url.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')

function claimOf(request: FastifyRequest, body: Uint8Array): IdempotencyClaim | undefined {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  if (key.length < 1 || key.length > LONGEST_IDEMPOTENCY_KEY) {
    throw new Refused('invalid_field', 'Idempotency-Key must have 1 to 255 characters')
  }
  const route = `${request.method} ${pathOf(request.url)}`
  const fingerprint = createHash('sha256').update(`${route}\n`).update(body).digest('base64url')
  return { key, route, fingerprint }
}

function send(answer: Answer, reply: FastifyReply): unknown {
  if (answer.secret) reply.header('cache-control', 'no-store')
  if (answer.headers !== undefined) reply.headers(answer.headers)
  if (answer.stream !== undefined) {
    return reply.type(answer.stream.type).send(Readable.from(answer.stream.body))
  }
  return reply.type('application/json; charset=utf-8').send(textOf(answer))
}

function textOf(answer: Answer): string {
  if (answer.json !== undefined) return successAround(answer.json)
  return JSON.stringify('raw' in answer ? answer.raw : success(answer.data))
}
