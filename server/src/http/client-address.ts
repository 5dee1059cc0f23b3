import { isIP } from 'node:net'
import { type AddressMatcher, canonicalAddress } from '../keys/address.ts'

/** The caller's address (contract 3.2); `undefined` when what a proxy forwarded can't be read. */
export type ClientAddress = (
  socketAddress: string,
  forwarded: string | undefined,
) => string | undefined

/**
 * Believes `X-Forwarded-For` only as far as trusted proxies wrote it: from the right up to the first address that is
 * none of theirs. Whatever stands left of that was written by the caller, who may write anything.
 */
export function createClientAddress(trusted: AddressMatcher | undefined): ClientAddress {
  if (trusted === undefined) return (socketAddress) => canonicalAddress(socketAddress)
  return (socketAddress, forwarded) => {
    let address = canonicalAddress(socketAddress)
    let end = forwarded?.length ?? 0
    while (end > 0 && trusted.has(address)) {
      const comma = (forwarded as string).lastIndexOf(',', end - 1)
      const entry = withoutPort((forwarded as string).slice(comma + 1, end).trim())
      if (isIP(entry) === 0) return undefined
      address = canonicalAddress(entry)
      end = comma
    }
    return address
  }
}

/** Some proxies write `1.2.3.4:5678` and `[2001:db8::1]:5678`. */
function withoutPort(entry: string): string {
  if (entry.startsWith('[')) return entry.slice(1, entry.indexOf(']'))
  const colon = entry.indexOf(':')
  return colon > 0 && entry.indexOf(':', colon + 1) < 0 ? entry.slice(0, colon) : entry
}
