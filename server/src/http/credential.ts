import type { IncomingHttpHeaders } from 'node:http'
import { Refused, saysOf } from '../errors.ts'
import { parseKey } from '../keys/secret.ts'

/**
 * The API key of a model request, well formed and without `sk-` (contract 3.1, check 1).
 * @throws Refused `key_missing`, `key_malformed`.
 */
export function credentialOf(headers: IncomingHttpHeaders): string {
  const { authorization } = headers
  const bearer = authorization === undefined ? undefined : withoutScheme(authorization)
  const anthropic = headers['x-api-key']
  const gemini = headers['x-goog-api-key']
  // The usual case, without a list.
  if (bearer !== undefined && anthropic === undefined && gemini === undefined) {
    return parseKey(bearer) ?? malformed(bearer)
  }
  const sent = [bearer, anthropic, gemini].filter(
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
  if (sent === '') throw new Refused('key_missing')
  if (!sent.startsWith('tpat_')) throw new Refused('key_malformed')
  const told = `${saysOf('key_malformed')}; a personal access token opens /api, model requests take an API key`
  throw new Refused('key_malformed', told)
}
