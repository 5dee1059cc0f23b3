import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SignInRoute } from './routes.ts'
import type { Visitor } from './visitor.ts'

/** Nothing of a request reaches the library but what it needs. */
const PASSED_ON = ['cookie', 'user-agent', 'origin', 'accept-language', 'sec-fetch-site'] as const
/** What the library calls somebody without an e-mail address, where an authenticator shows the name. */
const NAMELESS = '/Turnpike:?'

interface Asked {
  readonly origin: string
  readonly route: SignInRoute
  readonly visitor: Visitor
}

/** A request as the library takes it. */
export function toRequest(
  { raw, body, url }: FastifyRequest,
  { origin, route, visitor }: Asked,
): Request {
  const headers = new Headers({ 'x-turnpike-address': visitor.ip })
  for (const name of PASSED_ON) {
    const value = raw.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  const mark = url.indexOf('?')
  const target = new URL(`${origin}/api/auth${route.path}${mark < 0 ? '' : url.slice(mark)}`)
  if (route.path === '/passkey/generate-register-options' && visitor.who !== undefined) {
    target.searchParams.set('name', visitor.who.username)
  }
  if (raw.method !== 'POST') return new Request(target, { headers })
  headers.set('content-type', 'application/json')
  const sent = body instanceof Uint8Array && body.length > 0 ? Buffer.from(body) : '{}'
  return new Request(target, { method: 'POST', headers, body: sent })
}

/** Whether an answer gives the browser a session. */
export const opensSession = (answer: Response): boolean =>
  answer.headers.getSetCookie().some((set) => /\.session_token=[^;]/.test(set))

/** Passes an answer of the library on. */
export async function pass(
  answer: Response,
  reply: FastifyReply,
  { who }: Visitor,
): Promise<FastifyReply> {
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie' && name !== 'content-length') reply.header(name, value)
  }
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  reply.header('cache-control', 'no-store')
  const text = await answer.text()
  const name = encodeURIComponent(who?.username ?? '')
  return reply.code(answer.status).send(text.replace(NAMELESS, () => `/Turnpike:${name}?`))
}
