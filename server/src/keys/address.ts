import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { type Family, readAddress } from './address-bits.ts'
import { parseAddressList, type Range } from './address-list.ts'

/** Whether a caller's address is in a key's `allow_ips`. */
export interface AddressMatcher {
  /** How many entries were given; 0 = no restriction, and `has` is true for everything. */
  readonly count: number
  /** Wants a canonical address. False for what is no address. */
  has(ip: string): boolean
}

const ANYWHERE: AddressMatcher = { count: 0, has: () => true }

/**
 * Compiles the text of `allow_ips`: see address-list.ts.
 * Ranges are plain words: 20 of them are matched in 0.1 us and take 200 bytes. Node's `BlockList` was measured at 0.1 to
 * 0.3 us, but takes 600 bytes an entry that the garbage collector does not see; `ipaddr.js` at 1.2 (IPv4) and 3.7 us.
 * @throws AddressError
 */
export function parseAddresses(text: string): AddressMatcher {
  const ranges = parseAddressList(text)
  return ranges.length === 0 ? ANYWHERE : createMatcher(ranges)
}

/**
 * One spelling for each address: IPv4-mapped IPv6 becomes IPv4 (dual-stack sockets report IPv4 callers so), zones go.
 * What is no address is given back as it is; it matches nothing.
 */
export function canonicalAddress(socketAddress: string): string {
  if (!socketAddress.includes(':')) return socketAddress
  // The usual spelling of an IPv4 caller on a dual-stack socket, ten times faster than the rest.
  if (socketAddress.startsWith('::ffff:') && isIPv4(socketAddress.slice(7))) {
    return socketAddress.slice(7)
  }
  if (!isIPv6(socketAddress)) return socketAddress
  const zone = socketAddress.indexOf('%')
  const bare = zone < 0 ? socketAddress : socketAddress.slice(0, zone)
  return mappedIPv4(bare) ?? new SocketAddress({ address: bare, family: 'ipv6' }).address
}

/** The words of the address that is asked about: never used across calls. */
const asked = new Uint32Array(4)

function createMatcher(ranges: readonly Range[]): AddressMatcher {
  const wordsOf = (family: Family) =>
    Uint32Array.from(
      ranges.filter((range) => range.family === family).flatMap(({ words }) => words),
    )
  const ipv4 = wordsOf('ipv4')
  const ipv6 = wordsOf('ipv6')
  return {
    count: ranges.length,
    has(ip) {
      const family = readAddress(ip, asked)
      if (family === undefined) return false
      return family === 'ipv4' ? holds(ipv4, 1) : holds(ipv6, 4)
    },
  }
}

/** Whether one of the ranges, of so many words each, holds the address in `asked`. */
function holds(ranges: Uint32Array, words: number): boolean {
  for (let start = 0; start < ranges.length; start += 2 * words) {
    let word = 0
    while (word < words) {
      const mask = ranges[start + 2 * word] as number
      const base = ranges[start + 2 * word + 1] as number
      if (((asked[word] as number) & mask) >>> 0 !== base) break
      word += 1
    }
    if (word === words) return true
  }
  return false
}

/** The IPv4 address inside `::ffff:a.b.c.d`, however it is spelt. Wants a valid IPv6 address. */
function mappedIPv4(address: string): string | undefined {
  const spelt = new SocketAddress({ address, family: 'ipv6' }).address
  const inner = spelt.startsWith('::ffff:') ? spelt.slice(7) : ''
  return isIPv4(inner) ? inner : undefined
}
