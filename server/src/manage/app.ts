import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { Refused, statusOf } from '../errors.ts'
import { errorText } from '../log.ts'
import { createConsolePages } from './console-pages.ts'
import { OPEN_HEADERS, preflightHeaders } from './cross-origin.ts'
import { createDocsPage } from './docs-page.ts'
import { failure, messageOf, toRefused } from './envelope.ts'
import { createAdmit } from './limits.ts'
import type { Operation } from './operation.ts'
import type { Rooms } from './rooms.ts'
import { createDoor, type OperationDoor, pathOf } from './route.ts'

/** Contract 2. */
const MOST_BODY_BYTES = 64 * 1024
/** Model ids have up to 256 bytes, percent-encoded three times as many. */
const LONGEST_PARAM = 1024
const PREFLIGHT_DONE = 204
const NONCE_BYTES = 18

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation's path as we write it; the label of its metrics. */
    path?: string
    crossOrigin?: boolean
    described?: Operation
  }
}

export interface ManageParts {
  readonly rooms: Rooms
  readonly operations: readonly Operation[]
  /** The caller's address (contract 3.2), from the door that knows the trusted proxies. May throw `Refused`. */
  readonly clientAddress: (request: IncomingMessage) => string
  /** Where the caller sees the gateway (contract 1). May throw `Refused`. */
  readonly origin: (request: IncomingMessage) => string
  /** Answers what is asked below `/api/auth`. */
  readonly signIn: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
  /** What a caller sent, fit to be said back: without what looks like a key. */
  readonly masked: (text: string) => string
  /** Of the built web console. */
  readonly consoleFolder: string
}

export interface ManageApp {
  /** Answers everything that is not the relay's. */
  routing(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

/** Builds the management API: every operation on its route, and one envelope around all of them. */
export async function createManageApp(parts: ManageParts): Promise<ManageApp> {
  const { rooms, operations, masked } = parts
  const app = createApp(rooms)
  const limit = {
    perMinute: () => rooms.settings.get('limits.manage_per_minute'),
    now: rooms.now,
  }
  const admits = { admitToken: createAdmit(limit), admitKey: createAdmit(limit) }
  for (const described of operations) {
    addRoute(app, described, createDoor(described, { ...parts, ...admits }))
  }
  app.route({
    method: ['GET', 'POST'],
    url: '/api/auth/*',
    config: { path: '/api/auth/*' },
    handler: parts.signIn,
  })
  addPreflights(app, parts)
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url)
    const methods = methodsAt(operations, path)
    if (methods.length > 0) reply.header('allow', methods.join(', '))
    return refuse(request, reply, notFound(request.method, masked(path), methods))
  })
  app.setErrorHandler((error, request, reply) => refuseError(rooms, error, request, reply))
  await app.ready()
  const pages = createPages(parts)
  return {
    routing(request, response) {
      if (pages.answer(request, response)) return
      // The body is read as JSON whatever a client calls it (contract 4); Fastify would refuse what it can't read.
      delete request.headers['content-type']
      app.routing(request, response)
    },
    close: async () => {
      await Promise.all([app.close(), pages.close()])
    },
  }
}

/** What people look at: the reference and the console. They answer beside Fastify. */
function createPages({ rooms, consoleFolder }: ManageParts) {
  const newId = () => newRequestId(rooms)
  const docs = createDocsPage({ newId, commonHeaders })
  const consolePages = createConsolePages({
    folder: consoleFolder,
    newId,
    newNonce: () => Buffer.from(rooms.random(NONCE_BYTES)).toString('base64url'),
    commonHeaders,
  })
  return {
    /** Whether it is theirs to answer. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      const path = pathOf(request.url ?? '')
      const page = [docs, consolePages].find((one) => one.owns(path, request))
      page?.answer(request, response).catch((error: unknown) => response.destroy(toError(error)))
      return page !== undefined
    },
    close: docs.close,
  }
}

const newRequestId = ({ random }: Pick<Rooms, 'random'>): string =>
  Buffer.from(random(16)).toString('hex')

/** Of every answer. */
const commonHeaders = (requestId: string) => ({
  'x-request-id': requestId,
  'request-id': requestId,
  'x-content-type-options': 'nosniff',
})

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))

function createApp(rooms: Rooms): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: MOST_BODY_BYTES,
    requestIdHeader: false,
    genReqId: () => newRequestId(rooms),
    return503OnClosing: false,
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: LONGEST_PARAM,
    },
    frameworkErrors: (error, request, reply) => refuseError(rooms, error, request, reply),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      ...commonHeaders(request.id),
      ...(request.routeOptions.config?.crossOrigin ? OPEN_HEADERS : {}),
    })
  })
  app.addHook('onResponse', async (request, reply) => {
    rooms.metrics.served({
      endpoint: request.routeOptions.config?.path ?? 'unknown',
      status: reply.statusCode,
      code: String(reply.getHeader('x-error-code') ?? ''),
      seconds: reply.elapsedTime / 1000,
    })
  })
  return app
}

function addRoute(app: FastifyInstance, described: Operation, door: OperationDoor): void {
  const { method, path, crossOrigin = false, mostBytes = MOST_BODY_BYTES } = described
  app.route({
    method,
    url: path.replace(/\{\w+\.\.\.\}$/, '*').replace(/\{(\w+)\}/g, ':$1'),
    config: { path, crossOrigin, described },
    bodyLimit: mostBytes,
    onRequest: door.enter,
    handler: door.answer,
  })
}

/** Preflights are answered before anybody is asked who they are: browsers send them without credentials. */
function addPreflights(app: FastifyInstance, { operations, masked }: ManageParts): void {
  app.options('/*', (request, reply) => {
    const path = pathOf(request.url)
    const methods = methodsAt(operations, path)
    if (methods.length === 0) {
      return refuse(request, reply, notFound(request.method, masked(path), []))
    }
    const open = operations.some(
      (described) => described.crossOrigin && matches(described.path, path),
    )
    const asked = request.headers['access-control-request-headers']
    return reply
      .code(PREFLIGHT_DONE)
      .headers(preflightHeaders(methods, open, asked))
      .send()
  })
}

/** The methods that some operation offers at this path. */
function methodsAt(operations: readonly Operation[], path: string): readonly string[] {
  const offered = operations.filter((described) => matches(described.path, path))
  return [...new Set(offered.map(({ method }) => method))]
}

function matches(template: string, path: string): boolean {
  const wanted = template.split('/')
  const given = path.split('/')
  const open = template.endsWith('...}')
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every((step, at) => step.startsWith('{') || step === given[at])
}

function notFound(method: string, path: string, methods: readonly string[]): Refused {
  const told = path.slice(0, 200)
  const why =
    methods.length > 0
      ? `${method} is not offered at ${told}, but ${methods.join(', ')}`
      : `there is nothing at ${told}: see /docs for the management API; model requests go to /v1`
  return new Refused('route_not_found', why)
}

function refuse(request: FastifyRequest, reply: FastifyReply, refused: Refused): FastifyReply {
  const { code, retryAfter } = refused
  const message = messageOf(refused)
  const body = request.routeOptions.config?.described?.refusal?.(code, message)
  // A path that can't be decoded is refused before any hook has run.
  reply.headers({ ...commonHeaders(request.id), 'x-error-code': code })
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  return reply
    .code(statusOf(code))
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(body ?? failure(code, message)))
}

function refuseError(
  rooms: Pick<Rooms, 'log'>,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refused = toRefused(error)
  const { id: requestId } = request
  if (refused === undefined) {
    const route = request.routeOptions.config?.path
    rooms.log.error({ requestId, route, error: errorText(error) }, 'a management call failed')
    return refuse(request, reply, new Refused('internal'))
  }
  if (refused.detail !== undefined) {
    rooms.log.warn({ requestId, code: refused.code, detail: refused.detail }, 'refused')
  }
  return refuse(request, reply, refused)
}
