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
    // What is left of the list; -1: all of it was read.
    let end = forwarded?.length || -1
    while (end >= 0 && trusted.has(address)) {
      const list = (forwarded as string).slice(0, end)
      end = list.lastIndexOf(',')
      const entry = withoutPort(list.slice(end + 1).trim())
      if (isIP(entry) === 0) return undefined
      address = canonicalAddress(entry)
    }
    return address
  }
}

/** Some proxies write `1.2.3.4:5678` and `[2001:db8::1]:5678`. */
function withoutPort(entry: string): string {
  const written = WITH_PORT.exec(entry)
  return written?.[1] ?? written?.[2] ?? entry
}
const WITH_PORT = /^(?:\[([\da-f:.]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/i
