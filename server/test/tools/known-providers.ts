import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, getGlobalDispatcher, setGlobalDispatcher } from 'undici'

/** Somebody that GitHub or Google knows; with an address that is proven. */
export interface KnownPerson {
  readonly id: number
  readonly name: string
  readonly email: string
}

const HOSTS = ['github.com', 'api.github.com', 'oauth2.googleapis.com']

/** Where the browser goes to agree; the test answers there, since no browser may reach the real ones. */
export const AGREEING = /^https:\/\/(github\.com\/login\/oauth\/authorize|accounts\.google\.com)/

/**
 * GitHub and Google as they answer a server that exchanges a code: a real HTTP server, to which `fetch` in this
 * process is led in their place. Codes work once, and only with the client's secret.
 */
export async function startKnownProviders(client: { id: string; secret: string }) {
  const people = new Map<string, KnownPerson>()
  const grants = new Map<string, KnownPerson>()
  const asked: string[] = []

  function exchange(body: URLSearchParams) {
    const code = body.get('code') ?? ''
    const person = grants.get(code)
    grants.delete(code)
    const isClient =
      body.get('client_id') === client.id && body.get('client_secret') === client.secret
    if (person === undefined || !isClient) return undefined
    const token = randomBytes(16).toString('hex')
    people.set(token, person)
    return { person, token }
  }
  const routes: Readonly<Record<string, (sent: Sent) => unknown>> = {
    // GitHub says 200 also to what it refuses.
    'github.com/login/oauth/access_token': ({ body }) => {
      const granted = exchange(body)
      return granted === undefined
        ? { error: 'bad_verification_code' }
        : { access_token: granted.token, token_type: 'bearer', scope: 'read:user,user:email' }
    },
    'api.github.com/user': ({ token }) => {
      const person = people.get(token)
      return person && { id: person.id, login: person.name, name: person.name, email: null }
    },
    'api.github.com/user/emails': ({ token }) => {
      const person = people.get(token)
      return person && [{ email: person.email, primary: true, verified: true, visibility: null }]
    },
    'oauth2.googleapis.com/token': ({ body }) => {
      const granted = exchange(body)
      if (granted === undefined) return undefined
      const { person, token } = granted
      return { access_token: token, token_type: 'Bearer', id_token: idToken(client.id, person) }
    },
  }

  const server = createServer(async (request, response) => {
    const place = `${request.headers.host}${new URL(request.url ?? '/', 'http://any').pathname}`
    asked.push(place)
    const answer = routes[place]?.(await read(request))
    response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = lead(HOSTS, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)

  return {
    /** Hosts and paths that were asked, in order. */
    asked: asked as readonly string[],
    /** What a person does there: they agree, and are sent back to the address that is returned. */
    agree(authorizeUrl: string, person: KnownPerson): string {
      const sent = new URL(authorizeUrl).searchParams
      const code = randomBytes(16).toString('hex')
      grants.set(code, person)
      const back = new URL(sent.get('redirect_uri') ?? '')
      back.searchParams.set('code', code)
      back.searchParams.set('state', sent.get('state') ?? '')
      return back.href
    },
    async close() {
      stop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Sent {
  readonly body: URLSearchParams
  readonly token: string
}

async function read(request: IncomingMessage): Promise<Sent> {
  let text = ''
  for await (const chunk of request) text += chunk
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
  return { body: new URLSearchParams(text), token }
}

/** It comes over the line from Google itself, so nobody looks at its signature. */
function idToken(audience: string, { id, name, email }: KnownPerson): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const iat = Math.floor(Date.now() / 1000)
  const about = { sub: String(id), name, email, email_verified: true }
  const claims = { ...about, iss: 'https://accounts.google.com', aud: audience, iat, exp: iat + 60 }
  return `${part({ alg: 'RS256', kid: '1' })}.${part(claims)}.${part({})}`
}

/** Leads what is asked of `hosts` to `origin`, with the header `Host` of whom it was for. Returns what ends that. */
function lead(hosts: readonly string[], origin: string): () => void {
  const before = getGlobalDispatcher()
  setGlobalDispatcher(
    before.compose((dispatch: Dispatcher['dispatch']) => (options, handler) => {
      const { host = '' } = URL.parse(String(options.origin)) ?? {}
      if (!hosts.includes(host)) return dispatch(options, handler)
      return dispatch({ ...options, origin, headers: withHost(options.headers, host) }, handler)
    }),
  )
  return () => setGlobalDispatcher(before)
}

function withHost(headers: Dispatcher.DispatchOptions['headers'], host: string) {
  if (Array.isArray(headers)) return [...headers, 'host', host]
  return { ...(headers as Record<string, string>), host }
}
