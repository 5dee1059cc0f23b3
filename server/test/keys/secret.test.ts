import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKey, KEY_LENGTH, parseKey } from '../../src/keys/secret.ts'
import { createVault, SealBroken } from '../../src/keys/vault.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const newKey = () => generateKey((bytes) => randomBytes(bytes))
const letter = fc.constantFrom(...ALPHABET)

describe('generateKey', () => {
  it('makes 48 letters and digits that are never the same', () => {
    const keys = Array.from({ length: 2_000 }, newKey)
    for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9]{48}$/)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('uses every character equally often', () => {
    const counts = new Map<string, number>()
    const keys = Array.from({ length: 5_000 }, newKey)
    for (const key of keys) {
      for (const character of key.slice(0, 42)) {
        counts.set(character, (counts.get(character) ?? 0) + 1)
      }
    }
    const expected = (5_000 * 42) / ALPHABET.length
    const chi = [...ALPHABET].reduce(
      (sum, character) => sum + ((counts.get(character) ?? 0) - expected) ** 2 / expected,
      0,
    )
    // 61 degrees of freedom: above 130 once in two million runs.
    expect(chi).toBeLessThan(130)
  })

  it('throws away bytes that would make some characters likelier', () => {
    let asked = 0
    const key = generateKey((bytes) => {
      asked += 1
      return new Uint8Array(bytes).fill(asked === 1 ? 255 : 7)
    })
    expect(key.slice(0, 42)).toBe('H'.repeat(42))
  })
})

describe('parseKey', () => {
  it('reads its own keys with and without sk-', () => {
    const key = newKey()
    expect(parseKey(key)).toBe(key)
    expect(parseKey(`sk-${key}`)).toBe(key)
  })

  it('notices every single wrong character and every swap of neighbours', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: KEY_LENGTH - 1 }), letter, (at, wrong) => {
        const key = newKey()
        const changed = key.slice(0, at) + wrong + key.slice(at + 1)
        expect(parseKey(changed)).toBe(changed === key ? key : undefined)
        const swapped = key.slice(0, at) + (key[at + 1] ?? '') + key.charAt(at) + key.slice(at + 2)
        expect(parseKey(swapped)).toBe(swapped === key ? key : undefined)
      }),
      { numRuns: 500 },
    )
  })

  it('takes keys of other gateways in other shapes', () => {
    expect(parseKey('sk-proj-abcDEF0123456789_-')).toBe('proj-abcDEF0123456789_-')
    expect(parseKey('a'.repeat(16))).toBe('a'.repeat(16))
    expect(parseKey('a'.repeat(200))).toBe('a'.repeat(200))
  })

  it.each([
    ['', 'nothing'],
    ['sk-', 'nothing after sk-'],
    ['a'.repeat(15), 'too short'],
    ['a'.repeat(201), 'too long'],
    ['a'.repeat(48), '48 letters without the checksum'],
    [`${'a'.repeat(20)} `, 'a blank'],
    [`${'a'.repeat(20)}é`, 'a letter beyond ASCII'],
    [`${'a'.repeat(20)}\0`, 'a NUL'],
    [`tpat_${'a'.repeat(43)}`, 'a personal access token'],
  ])('refuses %j: %s', (raw) => expect(parseKey(raw)).toBeUndefined())
})

describe('vault', () => {
  const root = randomBytes(32)
  const vault = createVault(root, 1)

  it('digests as HMAC-SHA256 under a pepper of its own, whatever was digested before', () => {
    const pepper = Buffer.from(hkdfSync('sha256', root, '', 'turnpike pepper', 32))
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (value) => {
        const expected = createHmac('sha256', pepper).update(value).digest('base64url')
        expect(vault.digest(value)).toBe(expected)
      }),
    )
    expect(() => vault.digest('a'.repeat(2_000))).toThrow(RangeError)
  })

  it('opens what it sealed, and seals the same value differently each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (value, aad) => {
        const sealed = vault.seal(value.toWellFormed(), aad)
        expect(vault.open(sealed, aad)).toBe(value.toWellFormed())
        expect(vault.seal(value, aad)).not.toBe(sealed)
      }),
    )
  })

  it('opens for no other record, under no other secret, and nothing that was changed', () => {
    const sealed = vault.seal('a secret', 'key:1')
    expect(() => vault.open(sealed, 'key:2')).toThrow(SealBroken)
    expect(() => createVault(randomBytes(32), 1).open(sealed, 'key:1')).toThrow(SealBroken)
    expect(() => createVault(root, 2).open(sealed, 'key:1')).toThrow(SealBroken)
    const body = Buffer.from(sealed.slice(2), 'base64url')
    for (let at = 0; at < body.length; at++) {
      const changed = Buffer.from(body)
      changed[at] = (changed[at] as number) ^ 1
      expect(() => vault.open(`1.${changed.toString('base64url')}`, 'key:1')).toThrow(SealBroken)
    }
    expect(() => vault.open('1.AAAA', 'key:1')).toThrow(SealBroken)
    expect(() => vault.open('', 'key:1')).toThrow(SealBroken)
  })

  it('says neither value nor secret when it does not open', () => {
    const sealed = vault.seal('a secret value', 'key:1')
    try {
      vault.open(sealed, 'key:2')
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('secret value')
      expect(String(error)).not.toContain(sealed)
    }
  })

  it('still opens and finds what was stored before its secret was rotated', () => {
    const rotated = createVault(randomBytes(32), 2, [{ secret: root, pepperId: 1 }])
    expect(rotated.open(vault.seal('value', 'key:1'), 'key:1')).toBe('value')
    expect(rotated.open(rotated.seal('value', 'key:1'), 'key:1')).toBe('value')
    expect(rotated.digests('value')).toEqual([
      { digest: rotated.digest('value'), pepperId: 2 },
      { digest: vault.digest('value'), pepperId: 1 },
    ])
    expect(rotated.digest('value')).not.toBe(vault.digest('value'))
  })
})
