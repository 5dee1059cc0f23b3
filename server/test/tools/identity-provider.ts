import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Somebody that a provider knows. */
export interface Person {
  readonly sub: string
  readonly email: string
  readonly email_verified: boolean
  readonly name?: string
}

/** An OpenID Connect provider that answers for whoever `person` is. It takes each code once, and checks PKCE. */
export async function startIdentityProvider(client: { id: string; secret: string }) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const grants = new Map<string, { person: Person; challenge: string; nonce: string | null }>()
  const provider = { url: '', person: undefined as Person | undefined, refusals: 0 }

  const routes: Record<string, (url: URL, body: URLSearchParams) => unknown> = {
    '/.well-known/openid-configuration': () => ({
      issuer: provider.url,
      authorization_endpoint: `${provider.url}/authorize`,
      token_endpoint: `${provider.url}/token`,
      jwks_uri: `${provider.url}/jwks`,
      userinfo_endpoint: `${provider.url}/userinfo`,
      id_token_signing_alg_values_supported: ['RS256'],
    }),
    '/jwks': () => ({
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }],
    }),
    '/token': (_url, body) => {
      const grant = grants.get(body.get('code') ?? '')
      grants.delete(body.get('code') ?? '')
      const verifier = body.get('code_verifier') ?? ''
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      if (grant === undefined || grant.challenge !== challenge) {
        provider.refusals++
        return undefined
      }
      const { person, nonce } = grant
      const now = Math.floor(Date.now() / 1000)
      const claims = {
        ...person,
        iss: provider.url,
        aud: client.id,
        iat: now,
        exp: now + 60,
        nonce,
      }
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const text = `${part({ alg: 'RS256', kid: '1' })}.${part(claims)}`
      const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64url')
      return {
        access_token: randomBytes(16).toString('hex'),
        token_type: 'Bearer',
        id_token: `${text}.${signature}`,
      }
    },
  }

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', provider.url)
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = routes[url.pathname]?.(url, new URLSearchParams(text))
    response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url: provider.url,
    close: () => new Promise((resolve) => server.close(resolve)),
    refusals: () => provider.refusals,
    /** What a person does at the provider: they agree, and are sent back with a code. */
    agree(authorizeUrl: string, person: Person): string {
      const asked = new URL(authorizeUrl).searchParams
      const code = randomBytes(16).toString('hex')
      const challenge = asked.get('code_challenge') ?? ''
      grants.set(code, { person, challenge, nonce: asked.get('nonce') })
      const back = new URL(asked.get('redirect_uri') ?? '')
      back.searchParams.set('code', code)
      back.searchParams.set('state', asked.get('state') ?? '')
      return `${back.pathname}${back.search}`
    },
  }
}
