import type { IncomingMessage } from 'node:http'
import { type AddressMatcher, canonicalAddress } from '../keys/address.ts'

/** Where the caller sees the gateway, such as `https://gateway.example`; `undefined` when its headers name no host. */
export type RequestOrigin = (request: IncomingMessage) => string | undefined

/**
 * The `Host` that was asked, by http: the gateway ends no TLS itself. A trusted proxy says by `X-Forwarded-Proto` and
 * `X-Forwarded-Host` what it was asked; from anybody else these headers mean nothing.
 */
export function createRequestOrigin(trusted: AddressMatcher | undefined): RequestOrigin {
  return ({ headers, socket }) => {
    const believes = trusted?.has(canonicalAddress(socket.remoteAddress ?? '')) ?? false
    const scheme = believes ? firstOf(headers['x-forwarded-proto']) : undefined
    const host = believes ? firstOf(headers['x-forwarded-host']) : undefined
    return toOrigin(scheme === 'https' ? 'https' : 'http', host ?? headers.host ?? '')
  }
}

/** The first of a list is what the outermost proxy was asked. */
function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header
  return text?.split(',', 1)[0]?.trim().toLowerCase() || undefined
}

function toOrigin(scheme: string, host: string): string | undefined {
  const url = URL.parse(`${scheme}://${host}`)
  // A host with a path or a name in it is no host.
  if (url === null || url.username !== '' || url.host === '') return undefined
  return url.pathname === '/' && url.search === '' && url.hash === '' ? url.origin : undefined
}
