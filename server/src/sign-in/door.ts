import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../accounts/caller.ts'
import { Refused } from '../errors.ts'
import { requireOwnPage } from '../manage/origin-check.ts'
import type { Auth, AuthParts } from './auth.ts'
import type { Backoff } from './backoff.ts'
import { opensSession, pass, toRequest } from './exchange.ts'
import { requireFresh } from './fresh.ts'
import { createNotes } from './notes.ts'
import { refusalOf } from './refusal.ts'
import { routeAt, type SignInRoute } from './routes.ts'
import type { Sessions } from './sessions.ts'
import type { Turns } from './turns.ts'
import { type Visitor, visiting } from './visitor.ts'

export interface SignInDoorParts extends AuthParts {
  readonly sessions: Sessions
  readonly backoff: Backoff
  readonly turns: Turns
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
  const notes = createNotes(parts)
  const { backoff, turns, passwords } = parts

  async function ask(asking: Asking): Promise<Response> {
    const { route, request, origin, visitor } = asking
    const auth = await authAt(origin)
    const asked = toRequest(request, { origin, route, visitor })
    return visiting(visitor, () => auth(asked))
  }

  /** Guesses are counted, few at a time, and take the same time whether there is such an account or not. */
  async function guess(asking: Asking): Promise<Response> {
    const { visitor, request, route } = asking
    const username = route.guess === 'named' ? nameIn(request.body) : (visitor.who?.username ?? '')
    const attempt =
      route.guess === 'link'
        ? await backoff.visit(visitor.ip)
        : await backoff.attempt(username, visitor.ip)
    const answer = await turns.take(async () => {
      const answered = await ask(asking)
      if (!answered.ok && !visitor.hashed && route.guess !== 'link') await passwords.hash('')
      return answered
    })
    if (answer.ok) await attempt?.succeeded()
    else if (route.guess !== 'link') await notes.refused(visitor, username)
    return answer
  }

  return async (request, reply) => {
    const { raw } = request
    const path = (request.params as { '*': string })['*']
    const route = routeAt(request.method, `/${path}`.replace(/\/+$/, ''))
    if (route === undefined) throw new Refused('route_not_found')
    const origin = parts.origin(raw)
    requireOwnPage(raw, origin)
    const caller = await callerOf(parts.sessions, raw, origin)
    requireMay(route, caller, parts.now())
    const visitor: Visitor = {
      ...{ ip: parts.clientAddress(raw), requestId: request.id, hashed: false },
      who: caller && { id: caller.accountId, username: caller.username },
    }
    const asking = { route, request, origin, visitor }
    const answer = await (route.guess === undefined ? ask : guess)(asking)
    if (answer.status >= 400) throw await refusalOf(answer)
    await notes.done(visitor, route, opensSession(answer))
    return pass(answer, reply, visitor)
  }
}

interface Asking {
  readonly route: SignInRoute
  readonly request: FastifyRequest
  readonly origin: string
  readonly visitor: Visitor
}

/** A library for each origin, the latest ones kept. */
function createAuths(parts: AuthParts): (origin: string) => Promise<Auth> {
  const kept = new Map<string, Auth>()
  // The library reads settings when it is built.
  parts.store.onChange(({ kind }) => {
    if (kind === 'setting') kept.clear()
  })
  parts.store.onBehind(() => kept.clear())
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

/** Who is signed in. Whoever's session has ended is nobody: the library says so where somebody is needed. */
async function callerOf(
  sessions: Sessions,
  { headers }: IncomingMessage,
  origin: string,
): Promise<Caller | undefined> {
  const sent = { cookies: headers.cookie, secure: origin.startsWith('https:') }
  const caller = await sessions.prove(sent)
  if (caller === 'account_suspended') throw new Refused(caller)
  return typeof caller === 'string' ? undefined : caller
}

/** @throws Refused */
function requireMay(route: SignInRoute, caller: Caller | undefined, now: number): void {
  const needsSession = route.fresh || route.guess === 'own'
  if (caller === undefined) {
    if (needsSession) throw new Refused('session_ended')
    return
  }
  if (caller.passwordDue && !route.whilePasswordDue) throw new Refused('password_change_due')
  if (route.fresh) requireFresh(caller, now)
}

/** The name in the body; the library refuses what is none. */
function nameIn(body: unknown): string {
  if (!(body instanceof Uint8Array)) return ''
  try {
    const sent: { username?: unknown } = Object(JSON.parse(Buffer.from(body).toString('utf8')))
    return typeof sent.username === 'string' ? sent.username : ''
  } catch {
    return ''
  }
}
