import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { Refused, saysOf } from '../errors.ts'
import { Credential } from '../keys/credential.ts'
import { parseKey } from '../keys/secret.ts'

/**
 * The credential of a request; what its connection sent before may have been read already. `elsewhere`: what stands in the
 * query, or in an offered protocol.
 */
export type CredentialOf = (
  headers: IncomingHttpHeaders,
  socket: Socket,
  elsewhere?: string,
) => Credential

/** What a connection sent last, in which kind of header. */
interface Latest {
  readonly sent: string
  readonly asBearer: boolean
  readonly credential: Credential
}

/** Builds the reader of credentials (contract 3.1, check 1). It throws `Refused`: `key_missing`, `key_malformed`. */
export function createCredentialOf(): CredentialOf {
  // A value stays here no longer than its connection, whose own buffers held it anyway.
  const latest = new WeakMap<Socket, Latest>()
  return (headers, socket, elsewhere) => {
    const sent = elsewhere === undefined ? onlyOne(headers) : undefined
    if (sent === undefined) return new Credential(amongSeveral(headers, elsewhere))
    const asBearer = headers.authorization !== undefined
    const known = latest.get(socket)
    if (known?.sent === sent && known.asBearer === asBearer) return known.credential
    const value = asBearer ? withoutScheme(sent) : sent
    const credential = new Credential(parseKey(value) ?? malformed(value))
    latest.set(socket, { sent, asBearer, credential })
    return credential
  }
}

/** The usual case: one header, be it empty. */
function onlyOne(headers: IncomingHttpHeaders): string | undefined {
  const { authorization, 'x-api-key': anthropic, 'x-goog-api-key': gemini } = headers
  const others = anthropic === undefined ? gemini : anthropic
  if (authorization !== undefined) return others === undefined ? authorization : undefined
  const both = anthropic !== undefined && gemini !== undefined
  return both || typeof others !== 'string' ? undefined : others
}

function amongSeveral(headers: IncomingHttpHeaders, elsewhere: string | undefined): string {
  const { authorization } = headers
  const bearer = authorization === undefined ? undefined : withoutScheme(authorization)
  const sent = [bearer, headers['x-api-key'], headers['x-goog-api-key'], elsewhere].filter(
    (one) => typeof one === 'string' && one !== '',
  ) as string[]
  if (sent.length === 0) throw new Refused('key_missing')
  const keys = new Set(sent.map(parseKey).filter((key) => key !== undefined))
  if (keys.size > 1) {
    throw new Refused('key_malformed', 'invalid token: two different API keys were sent')
  }
  const [key] = keys
  return key ?? malformed(sent[0] as string)
}

function withoutScheme(authorization: string): string {
  const scheme = authorization.slice(0, 7)
  return scheme === 'Bearer ' || scheme.toLowerCase() === 'bearer '
    ? authorization.slice(7).trim()
    : authorization.trim()
}

function malformed(sent: string): never {
  // `Bearer $KEY`, with a variable that is not set, arrives as the bare word.
  if (sent === '' || sent.toLowerCase() === 'bearer') throw new Refused('key_missing')
  if (!sent.startsWith('tpat_')) throw new Refused('key_malformed')
  const told = `${saysOf('key_malformed')}; a personal access token opens /api, model requests take an API key`
  throw new Refused('key_malformed', told)
}
