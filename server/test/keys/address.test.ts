import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalAddress, parseAddresses } from '../../src/keys/address.ts'
import { readAddress } from '../../src/keys/address-bits.ts'
import { AddressError, MOST_ADDRESSES } from '../../src/keys/address-list.ts'

/** The independent matcher: addresses as big numbers, compared bit by bit. */
interface Numbered {
  readonly bits: 32 | 128
  readonly value: bigint
}

const MAPPED = 0xffffn << 32n

function matches(entry: Numbered, prefix: number, caller: Numbered): boolean {
  const range = unmapped(entry, prefix)
  const asked = unmapped(caller, 128)
  if (range.bits !== asked.bits) return false
  const ignored = BigInt(range.bits - range.prefix)
  return range.value >> ignored === asked.value >> ignored
}

/** IPv4 inside IPv6 counts as IPv4 when the prefix covers the mapping whole. */
function unmapped(address: Numbered, prefix: number) {
  const mapped = address.bits === 128 && prefix >= 96 && address.value >> 32n === MAPPED >> 32n
  return mapped
    ? { bits: 32, value: address.value & 0xffffffffn, prefix: prefix - 96 }
    : { bits: address.bits, value: address.value, prefix: Math.min(prefix, address.bits) }
}

const spell4 = (value: bigint) =>
  [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')

/** Every valid way to write the eight groups: full, zeros left out, `::`, capitals, the end as IPv4. */
function spell6(
  value: bigint,
  style: { pad: boolean; upper: boolean; dotted: boolean; squeeze: boolean },
) {
  const groups = Array.from({ length: 8 }, (_, at) => (value >> BigInt(112 - 16 * at)) & 0xffffn)
  const words = groups.map((group) => group.toString(16).padStart(style.pad ? 4 : 1, '0'))
  const tail = style.dotted ? [spell4(value & 0xffffffffn)] : words.slice(6)
  const all = [...words.slice(0, 6), ...tail]
  const text = style.squeeze ? squeezed(all) : all.join(':')
  return style.upper ? text.toUpperCase() : text
}

function squeezed(words: readonly string[]): string {
  const from = words.findIndex((word) => /^0+$/.test(word))
  if (from < 0) return words.join(':')
  let to = from
  while (to < words.length && /^0+$/.test(words[to] as string)) to += 1
  return `${words.slice(0, from).join(':')}::${words.slice(to).join(':')}`
}

const style = fc.record({
  pad: fc.boolean(),
  upper: fc.boolean(),
  dotted: fc.boolean(),
  squeeze: fc.boolean(),
})
const ipv4 = fc.bigInt(0n, 2n ** 32n - 1n).map((value): Numbered => ({ bits: 32, value }))
const ipv6 = fc
  .oneof(
    fc.bigInt(0n, 2n ** 128n - 1n),
    // Many zeros, and many that hold an IPv4 address or nearly so.
    fc.bigInt(0n, 2n ** 34n - 1n),
    fc.bigInt(0n, 2n ** 32n - 1n).map((value) => MAPPED | value),
  )
  .map((value): Numbered => ({ bits: 128, value }))
const address = fc.oneof(ipv4, ipv6)
const spell = (one: Numbered, how: Parameters<typeof spell6>[1]) =>
  one.bits === 32 ? spell4(one.value) : spell6(one.value, how)

/** A caller near the entry: some of its lowest bits turned. */
const near = (entry: Numbered) =>
  fc
    .tuple(fc.bigInt(0n, 2n ** BigInt(entry.bits) - 1n), fc.integer({ min: 0, max: entry.bits }))
    .map(([noise, kept]): Numbered => {
      const mask = (1n << BigInt(entry.bits - kept)) - 1n
      return { ...entry, value: entry.value ^ (noise & mask) }
    })

const cases = address.chain((entry) =>
  fc.record({
    entry: fc.constant(entry),
    prefix: fc.integer({ min: 0, max: entry.bits }),
    caller: fc.oneof(near(entry), address),
    entryStyle: style,
    callerStyle: style,
  }),
)

describe('parseAddresses', () => {
  it('agrees with arithmetic on every address, spelling, prefix and caller', () => {
    fc.assert(
      fc.property(cases, ({ entry, prefix, caller, entryStyle, callerStyle }) => {
        const text = `${spell(entry, entryStyle)}/${prefix}`
        const asked = canonicalAddress(spell(caller, callerStyle))
        expect([text, asked, parseAddresses(text).has(asked)]).toEqual([
          text,
          asked,
          matches(entry, prefix, caller),
        ])
      }),
      { numRuns: 5_000 },
    )
  })

  it('takes a single address for itself alone, and a list for all its entries', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(address, style), { minLength: 1, maxLength: 20 }),
        address,
        (entries, other) => {
          const matcher = parseAddresses(entries.map(([one, how]) => spell(one, how)).join('\n'))
          expect(matcher.count).toBe(entries.length)
          for (const [one, how] of entries) {
            expect(matcher.has(canonicalAddress(spell(one, how)))).toBe(true)
          }
          const hit = entries.some(([one]) => matches(one, one.bits, other))
          expect(matcher.has(canonicalAddress(spell(other, PLAIN)))).toBe(hit)
        },
      ),
    )
  })

  it('lets everybody in when the text is empty', () => {
    expect(parseAddresses('').has('203.0.113.9')).toBe(true)
    expect(parseAddresses('').count).toBe(0)
  })

  it.each([
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '203.0.113.9', false],
    ['::ffff:0:0/96', '203.0.113.9', true],
    ['::ffff:0:0/95', '203.0.113.9', false],
    ['203.0.113.77/24', '203.0.113.9', true],
    ['203.0.113.9/32', '203.0.113.9', true],
    ['203.0.113.9/32', '203.0.113.8', false],
    ['2001:db8::1/128', '2001:db8::2', false],
    ['\r\n\n  \r\n203.0.113.9\r\n\r\n2001:db8::/32\r', '2001:db8::5', true],
  ])('%j and a call from %s: %s', (text, ip, allowed) => {
    expect(parseAddresses(text).has(ip)).toBe(allowed)
  })

  it.each([
    ['203.0.113.9,203.0.113.10', 1, 'one a line'],
    ['203.0.113.1\n\r\n01.2.3.4', 3, 'leading zeros'],
    ['fe80::1%eth0', 1, 'zone'],
    ['fe80::1%25eth0/64', 1, 'zone'],
    ['203.0.113.0/33', 1, '/32'],
    ['2001:db8::/129', 1, '/128'],
    ['203.0.113.0/08', 1, 'leading zeros'],
    ['203.0.113.0/', 1, 'prefix'],
    ['203.0.113.0/-1', 1, 'prefix'],
    ['203.0.113.0/24/24', 1, 'prefix'],
    ['203.0.113.0/ 24', 1, 'prefix'],
    [' 203.0.113.9', 1, 'blank'],
    ['203.0.113.9 203.0.113.10', 1, 'blank'],
    ['203.0.113', 1, 'no IPv4'],
    ['203.0.113.256', 1, 'no IPv4'],
    ['0xcb.0.113.9', 1, 'no IPv4'],
    ['3405803785', 1, 'no IPv4'],
    ['203.0.113.1-203.0.113.9', 1, 'no IPv4'],
    ['203.0.113.*', 1, 'no IPv4'],
    ['[2001:db8::1]', 1, 'no IPv4'],
    ['1::2::3', 1, 'no IPv4'],
    ['::ffff:01.2.3.4', 1, 'no IPv4'],
    ['example.com', 1, 'no IPv4'],
    ['２03.0.113.9', 1, 'no IPv4'],
    ['*', 1, 'no IPv4'],
    ['\n', 1, 'no entry'],
    [' ', 1, 'no entry'],
    ['\r\n\r\n', 1, 'no entry'],
  ])('refuses %j, naming line %i', (text, line, why) => {
    const error = refusalOf(text)
    expect(error.line).toBe(line)
    expect(error.message).toContain(`line ${line}`)
    expect(error.message).toContain(why)
    const named = text.split('\n')[line - 1]?.replaceAll('\r', '') ?? ''
    expect(error.message).toContain(JSON.stringify(named).slice(1, -1))
  })

  it('never accepts what arithmetic could not have spelt', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcf.:/%, ') }), (text) => {
        const accepted = attempt(text)
        if (!accepted) return
        expect(text).toMatch(/^ *$|^[\da-f:.]+(\/\d{1,3})?$/)
      }),
    )
  })

  it(`takes ${MOST_ADDRESSES} entries and names the first beyond`, () => {
    const lines = Array.from({ length: MOST_ADDRESSES }, (_, at) => `10.0.${at >> 8}.${at & 255}`)
    expect(parseAddresses(lines.join('\n')).count).toBe(MOST_ADDRESSES)
    expect(refusalOf([...lines, '10.9.9.9'].join('\n'))).toMatchObject({
      line: MOST_ADDRESSES + 1,
      entry: '10.9.9.9',
    })
  })
})

describe('readAddress', () => {
  const scrap = fc
    .array(
      fc.constantFrom(
        '0',
        '1',
        '25',
        '255',
        '256',
        'a',
        'fFfF',
        '0000',
        ':',
        '::',
        '.',
        '%',
        '-',
        ' ',
      ),
      {
        maxLength: 18,
      },
    )
    .map((parts) => parts.join(''))
  const almost = fc
    .tuple(address, style, fc.nat(45), fc.constantFrom('', ':', '::', '.', '0', 'g', '1.2.3.4'))
    .map(([one, how, at, wrong]) => {
      const text = spell(one, how)
      return text.slice(0, at) + wrong + text.slice(at + 1)
    })

  it('takes for an address what Node takes for one, zones aside', () => {
    fc.assert(
      fc.property(fc.oneof(scrap, almost), (text) => {
        const taken = readAddress(text, new Uint32Array(4)) !== undefined
        expect([text, taken]).toEqual([text, isIP(text) !== 0 && !text.includes('%')])
      }),
      { numRuns: 30_000 },
    )
  })

  it('reads the words of an address however it is spelt', () => {
    fc.assert(
      fc.property(address, style, (one, how) => {
        const words = new Uint32Array(4)
        const expected = unmapped(one, 128)
        expect(readAddress(spell(one, how), words)).toBe(expected.bits === 32 ? 'ipv4' : 'ipv6')
        const count = expected.bits / 32
        const value = [...words.slice(0, count)].reduce(
          (sum, word) => (sum << 32n) | BigInt(word),
          0n,
        )
        expect(value).toBe(expected.value)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('canonicalAddress', () => {
  it('gives each address one spelling', () => {
    fc.assert(
      fc.property(ipv6, style, style, (one, first, second) => {
        expect(canonicalAddress(spell(one, first))).toBe(canonicalAddress(spell(one, second)))
      }),
    )
  })

  it.each([
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['fe80::1%eth0', 'fe80::1'],
    ['203.0.113.9', '203.0.113.9'],
    ['unknown', 'unknown'],
    ['nonsense:1', 'nonsense:1'],
  ])('%s is %s', (sent, canonical) => expect(canonicalAddress(sent)).toBe(canonical))
})

const PLAIN = { pad: false, upper: false, dotted: false, squeeze: false }

function attempt(text: string): boolean {
  try {
    return parseAddresses(text).count > 0
  } catch (error) {
    if (error instanceof AddressError) return false
    throw error
  }
}

function refusalOf(text: string): AddressError {
  try {
    parseAddresses(text)
  } catch (error) {
    if (error instanceof AddressError) return error
    throw error
  }
  throw new Error(`${JSON.stringify(text)} was accepted`)
}
