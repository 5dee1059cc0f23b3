/** The bits of an address: one 32-bit word of IPv4, four of IPv6. */
export type Family = 'ipv4' | 'ipv6'

const DOT = 46
const COLON = 58
const GROUPS = 8

/**
 * Reads an address into `words`, without allocating: this runs for every call of a key with `allow_ips`. IPv4-mapped
 * IPv6 is IPv4. Undefined for what is no address; the zone of an IPv6 address makes it none.
 */
export function readAddress(text: string, words: Uint32Array): Family | undefined {
  if (!text.includes(':')) return readIPv4(text, 0, words, 0) ? 'ipv4' : undefined
  if (!readIPv6(text, words)) return undefined
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 'ipv6'
  words[0] = words[3] as number
  return 'ipv4'
}

/** Four decimal numbers from `start` to the end of the text, no leading zeros, into `words[at]`. */
function readIPv4(text: string, start: number, words: Uint32Array, at: number): boolean {
  let word = 0
  let octet = -1
  let dots = 0
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return false
      word = word * 256 + octet
      octet = -1
    } else {
      const digit = code - 48
      // A number may be 0 but not begin with it.
      if (digit < 0 || digit > 9 || octet === 0) return false
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return false
    }
  }
  if (dots !== 3 || octet < 0) return false
  words[at] = word * 256 + octet
  return true
}

/** The scratch of `readIPv6`: never used across calls. */
const groups = new Uint16Array(GROUPS)
const tail = new Uint32Array(1)

/** Groups of up to four hexadecimal digits, once `::` for zeros, the last 32 bits perhaps as IPv4. */
function readIPv6(text: string, words: Uint32Array): boolean {
  let count = 0
  let squeezedAt = -1
  let index = 0
  if (text.startsWith('::')) {
    squeezedAt = 0
    index = 2
  }
  while (index < text.length) {
    const end = endOfGroup(text, index)
    if (text.charCodeAt(end) === DOT) {
      if (count > GROUPS - 2 || !readIPv4(text, index, tail, 0)) return false
      groups[count++] = (tail[0] as number) >>> 16
      groups[count++] = (tail[0] as number) & 0xffff
      break
    }
    if (end === index || end - index > 4 || count === GROUPS) return false
    groups[count++] = Number.parseInt(text.slice(index, end), 16)
    if (end === text.length) break
    if (text.charCodeAt(end) !== COLON || end + 1 === text.length) return false
    index = end + 1
    if (text.charCodeAt(index) !== COLON) continue
    if (squeezedAt >= 0) return false
    squeezedAt = count
    index += 1
  }
  return spread(count, squeezedAt, words)
}

/** Where the hexadecimal digits from `index` on end. */
function endOfGroup(text: string, index: number): number {
  let end = index
  while (end < text.length && isHexadecimal(text.charCodeAt(end))) end += 1
  return end
}

const isHexadecimal = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)

/** Puts the zeros of `::` where they belong. It stands for at least one group. */
function spread(count: number, squeezedAt: number, words: Uint32Array): boolean {
  if (squeezedAt < 0 ? count !== GROUPS : count >= GROUPS) return false
  const zeros = GROUPS - count
  const from = squeezedAt < 0 ? GROUPS : squeezedAt
  const groupAt = (at: number): number => {
    if (at < from) return groups[at] as number
    return at < from + zeros ? 0 : (groups[at - zeros] as number)
  }
  for (let word = 0; word < 4; word++) {
    words[word] = groupAt(2 * word) * 65_536 + groupAt(2 * word + 1)
  }
  return true
}
