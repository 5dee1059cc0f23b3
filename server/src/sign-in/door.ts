import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hashPassword } from '../accounts/passwords.ts'
import { Refused } from '../errors.ts'
import { requireOwnPage } from '../manage/origin-check.ts'
import type { Auth, AuthParts } from './auth.ts'
import { refusalOf } from './refusal.ts'
import { routeAt, type SignInRoute } from './routes.ts'
import type { Sessions } from './sessions.ts'
import { type Visitor, visiting } from './visitor.ts'

export interface SignInDoorParts extends AuthParts {
  readonly sessions: Sessions
  /** The caller's address, and the origin at which they see the gateway. Both may throw `Refused`. */
  readonly clientAddress: (request: IncomingMessage) => string
  readonly origin: (request: IncomingMessage) => string
}

/** Answers what is asked below `/api/auth`. @throws Refused */
export type SignInDoor = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** Whoever sends other hosts makes us build the library anew, which costs less than a password. */
const MOST_ORIGINS = 4

/** Builds the door to the sign-in library, which is loaded when somebody first asks for it. */
export function createSignInDoor(parts: SignInDoorParts): SignInDoor {
  const authAt = createAuths(parts)
  return async (request, reply) => {
    const { raw } = request
    const path = (request.params as { '*': string })['*']
    const route = routeAt(request.method, `/${path}`.replace(/\/+$/, ''))
    if (route === undefined) throw new Refused('route_not_found')
    const origin = parts.origin(raw)
    requireOwnPage(raw, origin)
    await requireOwnPassword(parts.sessions, route, { cookies: raw.headers.cookie, origin })
    const visitor: Visitor = { ip: parts.clientAddress(raw), requestId: request.id, hashed: false }
    const asked = toRequest(request, `${origin}/api/auth${route.path}`, visitor)
    const auth = await authAt(origin)
    const answer = await visiting(visitor, () => auth(asked))
    if (answer.ok || isRedirect(answer)) return pass(answer, reply)
    if (route.path === '/sign-in/username' && !visitor.hashed) await spendTheTime(parts)
    throw await refusalOf(answer)
  }
}

const isRedirect = ({ status }: Response): boolean => status > 299 && status < 400

/** A library for each origin, the latest ones kept. */
function createAuths(parts: AuthParts): (origin: string) => Promise<Auth> {
  const kept = new Map<string, Auth>()
  return async (origin) => {
    const known = kept.get(origin)
    if (known !== undefined) return known
    const { createAuth } = await import('./auth.ts')
    const made = createAuth(parts, origin)
    const oldest = kept.size < MOST_ORIGINS ? undefined : kept.keys().next().value
    if (oldest !== undefined) kept.delete(oldest)
    kept.set(origin, made)
    return made
  }
}

async function requireOwnPassword(
  sessions: Sessions,
  route: SignInRoute,
  { cookies, origin }: { cookies: string | undefined; origin: string },
): Promise<void> {
  if (route.whilePasswordDue) return
  const caller = await sessions.prove({ cookies, secure: origin.startsWith('https:') })
  if (typeof caller === 'object' && caller.passwordDue) throw new Refused('password_change_due')
}

/** Nothing of the request reaches the library but what it needs. */
const PASSED_ON = ['cookie', 'user-agent', 'origin', 'accept-language', 'sec-fetch-site'] as const

function toRequest({ raw, body, url }: FastifyRequest, to: string, visitor: Visitor): Request {
  const headers = new Headers({ 'x-turnpike-address': visitor.ip })
  for (const name of PASSED_ON) {
    const value = raw.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  const mark = url.indexOf('?')
  const target = mark < 0 ? to : `${to}${url.slice(mark)}`
  if (raw.method !== 'POST') return new Request(target, { headers })
  headers.set('content-type', 'application/json')
  const sent = body instanceof Uint8Array && body.length > 0 ? Buffer.from(body) : '{}'
  return new Request(target, { method: 'POST', headers, body: sent })
}

/** A name that nobody has, or that has no password, must not be told by how soon it is refused. */
async function spendTheTime(_parts: AuthParts): Promise<void> {
  await hashPassword('')
}

async function pass(answer: Response, reply: FastifyReply): Promise<FastifyReply> {
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie' && name !== 'content-length') reply.header(name, value)
  }
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  reply.header('cache-control', 'no-store')
  return reply.code(answer.status).send(await answer.text())
}
