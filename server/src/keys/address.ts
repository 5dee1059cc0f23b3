import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net'

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
 * Two lists, because one would let `::/0` match IPv4 callers. Matching 20 ranges takes Node's `BlockList` 0.1 to 0.3 us,
 * `ipaddr.js` 1.2 (IPv4) and 3.7 (IPv6); but it trusts what it is given, so what is an address is judged here.
 * @throws AddressError
 */
export function parseAddresses(text: string): AddressMatcher {
  if (text === '') return ANYWHERE
  const ipv4 = new BlockList()
  const ipv6 = new BlockList()
  let count = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const entry = raw.replace(/^\r+|\r+$/g, '')
    if (entry.trim() === '') continue
    const range = parseEntry(entry, index + 1)
    count += 1
    if (count > MOST_ADDRESSES) {
      throw new AddressError(index + 1, entry, `is one too many: at most ${MOST_ADDRESSES} entries`)
    }
    const list = range.family === 'ipv4' ? ipv4 : ipv6
    list.addSubnet(range.address, range.prefix, range.family)
  }
  if (count === 0) {
    throw new AddressError(1, text, 'holds no entry: send null or "" to allow every address')
  }
  return {
    count,
    has: (ip) => (ip.includes(':') ? ipv6.check(ip, 'ipv6') : ipv4.check(ip, 'ipv4')),
  }
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
  readonly family: 'ipv4' | 'ipv6'
  readonly address: string
  readonly prefix: number
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
  const inner = family === 'ipv6' && prefix >= MAPPED_PREFIX ? mappedIPv4(address) : undefined
  return inner === undefined
    ? { family, address, prefix }
    : { family: 'ipv4', address: inner, prefix: prefix - MAPPED_PREFIX }
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
