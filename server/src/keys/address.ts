import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { type Family, readAddress } from './address-bits.ts'

/** Most entries one key's `allow_ips` may have. */
export const MOST_ADDRESSES = 1000

/** Whether a caller's address is in a key's `allow_ips`. */
export interface AddressMatcher {
  /** How many entries were given; 0 = no restriction, and `has` is true for everything. */
  readonly count: number
  /** Wants a canonical address. False for what is no address. */
  has(ip: string): boolean
}

/** An entry of `allow_ips` that is not accepted. The message names it and its line. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
  /** From 1. */
  readonly line: number
  readonly entry: string
  readonly why: string
  constructor(line: number, entry: string, why: string) {
    super(`allow_ips line ${line}: ${JSON.stringify(shortened(entry))} ${why}`)
    this.line = line
    this.entry = entry
    this.why = why
  }
}

const ANYWHERE: AddressMatcher = { count: 0, has: () => true }

/**
 * Compiles the text of `allow_ips`: one IPv4, IPv6 or CIDR a line; `\r` and blank lines are ignored, host bits masked.
 * Ranges are plain words: 20 of them are matched in 0.1 us and take 200 bytes. Node's `BlockList` was measured at 0.1 to
 * 0.3 us, but takes 600 bytes an entry that the garbage collector does not see; `ipaddr.js` at 1.2 (IPv4) and 3.7 us.
 * @throws AddressError
 */
export function parseAddresses(text: string): AddressMatcher {
  if (text === '') return ANYWHERE
  const ranges: Range[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const entry = raw.replace(/^\r+|\r+$/g, '')
    if (entry.trim() === '') continue
    ranges.push(parseEntry(entry, index + 1))
    if (ranges.length > MOST_ADDRESSES) {
      throw new AddressError(index + 1, entry, `is one too many: at most ${MOST_ADDRESSES} entries`)
    }
  }
  if (ranges.length === 0) {
    throw new AddressError(1, text, 'holds no entry: send null or "" to allow every address')
  }
  return createMatcher(ranges)
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

interface Range {
  readonly family: Family
  /** A mask and the base under it for each word of the address, in turn. */
  readonly words: readonly number[]
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

const MAPPED_PREFIX = 96

function parseEntry(entry: string, line: number): Range {
  const refuse = (why: string): never => {
    throw new AddressError(line, entry, why)
  }
  const slash = entry.indexOf('/')
  const address = slash < 0 ? entry : entry.slice(0, slash)
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  if (family === 'ipv6' && (!isIPv6(address) || address.includes('%'))) {
    return refuse(whyNoAddress(entry, address))
  }
  const bits = family === 'ipv4' ? 32 : 128
  const prefix = slash < 0 ? bits : parsePrefix(entry.slice(slash + 1))
  if (prefix === undefined || prefix > bits) {
    return refuse(`has no valid prefix: write /0 to /${bits}, in digits without leading zeros`)
  }
  return toRange(address, prefix, family)
}

/** IPv4-mapped IPv6 is IPv4 where the prefix covers the mapping; a shorter one means IPv6 only. */
function toRange(address: string, prefix: number, family: Family): Range {
  const words = new Uint32Array(4)
  const read = readAddress(address, words)
  if (read === 'ipv6' || family === 'ipv4') return { family, words: masked(words, prefix, family) }
  if (prefix >= MAPPED_PREFIX) {
    return { family: 'ipv4', words: masked(words, prefix - MAPPED_PREFIX, 'ipv4') }
  }
  return { family, words: masked(Uint32Array.of(0, 0, 0xffff, words[0] as number), prefix, family) }
}

function masked(words: Uint32Array, prefix: number, family: Family): readonly number[] {
  const own = [...words.slice(0, family === 'ipv4' ? 1 : 4)]
  return own.flatMap((word, at) => {
    const bits = Math.min(Math.max(prefix - 32 * at, 0), 32)
    // A shift by 32 would be one by 0.
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
    return [mask, (word & mask) >>> 0]
  })
}

function parsePrefix(digits: string): number | undefined {
  return /^(?:0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : undefined
}

/** The IPv4 address inside `::ffff:a.b.c.d`, however it is spelt. Wants a valid IPv6 address. */
function mappedIPv4(address: string): string | undefined {
  const spelt = new SocketAddress({ address, family: 'ipv6' }).address
  const inner = spelt.startsWith('::ffff:') ? spelt.slice(7) : ''
  return isIPv4(inner) ? inner : undefined
}

/** Says what is wrong where the reason can be seen, for whoever wrote the list. */
function whyNoAddress(entry: string, address: string): string {
  if (/[,;]/.test(entry)) return 'holds several addresses: write one a line'
  if (/\s/.test(entry)) return 'holds a blank: write nothing but the address'
  if (address.includes('%')) return 'has a zone: leave out % and what follows'
  if (/^(?:\d+\.){3}\d+$/.test(address) && /(?:^|\.)0\d/.test(address)) {
    return 'has leading zeros, which some read as octal: leave them out'
  }
  return 'is no IPv4 address, IPv6 address or CIDR'
}

const shortened = (entry: string): string =>
  entry.length <= 100 ? entry : `${entry.slice(0, 100)}…`
