/** Reads the text of `allow_ips`. Nothing here is Node's own: the console checks what people type with this very file. */
import { type Family, readAddress } from './address-bits.ts'

/** Most entries one key's `allow_ips` may have. */
export const MOST_ADDRESSES = 1000

const WHY = {
  too_many: `is one too many: at most ${MOST_ADDRESSES} entries`,
  empty: 'holds no entry: send null or "" to allow every address',
  prefix_ipv4: 'has no valid prefix: write /0 to /32, in digits without leading zeros',
  prefix_ipv6: 'has no valid prefix: write /0 to /128, in digits without leading zeros',
  several: 'holds several addresses: write one a line',
  blank: 'holds a blank: write nothing but the address',
  zone: 'has a zone: leave out % and what follows',
  leading_zeros: 'has leading zeros, which some read as octal: leave them out',
  no_address: 'is no IPv4 address, IPv6 address or CIDR',
}

/** What is wrong with an entry. */
export type AddressFault = keyof typeof WHY

/** An entry of `allow_ips` that is not accepted. The message names it and its line. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
  /** From 1. */
  readonly line: number
  readonly entry: string
  readonly fault: AddressFault
  constructor(line: number, entry: string, fault: AddressFault) {
    super(`allow_ips line ${line}: ${JSON.stringify(shortened(entry))} ${WHY[fault]}`)
    this.line = line
    this.entry = entry
    this.fault = fault
  }
}

/** The addresses that an entry covers. */
export interface Range {
  readonly family: Family
  /** A mask and the base under it for each word of the address, in turn. */
  readonly words: readonly number[]
}

/**
 * One IPv4, IPv6 or CIDR a line; `\r` and blank lines are ignored, host bits masked. `''` has none.
 * @throws AddressError
 */
export function parseAddressList(text: string): readonly Range[] {
  if (text === '') return []
  const ranges: Range[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const entry = raw.replace(/^\r+|\r+$/g, '')
    if (entry.trim() === '') continue
    ranges.push(parseEntry(entry, index + 1))
    if (ranges.length > MOST_ADDRESSES) throw new AddressError(index + 1, entry, 'too_many')
  }
  if (ranges.length === 0) throw new AddressError(1, text, 'empty')
  return ranges
}

const MAPPED_PREFIX = 96

function parseEntry(entry: string, line: number): Range {
  const slash = entry.indexOf('/')
  const address = slash < 0 ? entry : entry.slice(0, slash)
  const words = new Uint32Array(4)
  const read = readAddress(address, words)
  if (read === undefined) throw new AddressError(line, entry, faultOf(entry, address))
  const written = address.includes(':') ? 'ipv6' : 'ipv4'
  const bits = written === 'ipv4' ? 32 : 128
  const prefix = slash < 0 ? bits : parsePrefix(entry.slice(slash + 1))
  if (prefix === undefined || prefix > bits)
    throw new AddressError(line, entry, `prefix_${written}`)
  if (read === 'ipv6' || written === 'ipv4')
    return { family: read, words: masked(words, prefix, read) }
  return toMapped(words, prefix)
}

/** IPv4-mapped IPv6 is IPv4 where the prefix covers the mapping; a shorter one means IPv6 only. */
function toMapped(words: Uint32Array, prefix: number): Range {
  if (prefix >= MAPPED_PREFIX) {
    return { family: 'ipv4', words: masked(words, prefix - MAPPED_PREFIX, 'ipv4') }
  }
  const whole = Uint32Array.of(0, 0, 0xffff, words[0] as number)
  return { family: 'ipv6', words: masked(whole, prefix, 'ipv6') }
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

/** Says what is wrong where the reason can be seen, for whoever wrote the list. */
function faultOf(entry: string, address: string): AddressFault {
  if (/[,;]/.test(entry)) return 'several'
  if (/\s/.test(entry)) return 'blank'
  if (address.includes('%')) return 'zone'
  if (/^(?:\d+\.){3}\d+$/.test(address) && /(?:^|\.)0\d/.test(address)) return 'leading_zeros'
  return 'no_address'
}

const shortened = (entry: string): string =>
  entry.length <= 100 ? entry : `${entry.slice(0, 100)}…`
