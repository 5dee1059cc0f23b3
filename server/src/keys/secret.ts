import { crc32 } from 'node:zlib'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const RANDOM_LENGTH = 42
const CHECK_LENGTH = 6
export const KEY_LENGTH = RANDOM_LENGTH + CHECK_LENGTH

/** Bytes at or above are thrown away, so that every character is equally likely. */
const FAIR_BYTES = 256 - (256 % LETTERS.length)

const FOREIGN_SHORTEST = 16
const FOREIGN_LONGEST = 200

/** A new key value: 42 random letters and digits (250 bits) and six that check them. Without `sk-`. */
export function generateKey(random: (bytes: number) => Uint8Array): string {
  const value = randomLetters(random, RANDOM_LENGTH)
  return value + checksum(value)
}

/** Letters and digits, each equally likely: 5.95 bits a character. */
export function randomLetters(random: (bytes: number) => Uint8Array, length: number): string {
  let letters = ''
  while (letters.length < length) {
    for (const byte of random(length)) {
      if (byte < FAIR_BYTES && letters.length < length) letters += LETTERS[byte % LETTERS.length]
    }
  }
  return letters
}

/**
 * The value of a well-formed key, read with or without `sk-`; undefined for what cannot be one. Our own shape must carry
 * its checksum, so typing errors and guesses cost no look-up; other shapes may be imported keys of another gateway.
 */
export function parseKey(raw: string): string | undefined {
  const value = raw.startsWith('sk-') ? raw.slice(3) : raw
  // A personal access token is no key, so that whoever sends one is told so.
  if (value.startsWith('tpat_')) return undefined
  const shape = shapeOf(value)
  if (shape === 'neither') return undefined
  if (shape === 'foreign' || value.length !== KEY_LENGTH) return value
  return checksum(value.slice(0, RANDOM_LENGTH)) === value.slice(RANDOM_LENGTH) ? value : undefined
}

/** CRC-32 in base 62: finds every single typing error and swap; secret scanners can recognise a leaked key by it. */
function checksum(text: string): string {
  let left = crc32(text)
  let check = ''
  for (let at = 0; at < CHECK_LENGTH; at++) {
    check = LETTERS[left % LETTERS.length] + check
    left = Math.floor(left / LETTERS.length)
  }
  return check
}

/** One pass over the characters: this runs for every call, refused ones included. */
function shapeOf(value: string): 'ours' | 'foreign' | 'neither' {
  if (value.length < FOREIGN_SHORTEST || value.length > FOREIGN_LONGEST) return 'neither'
  let shape: 'ours' | 'foreign' = 'ours'
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (isLetterOrDigit(code)) continue
    if (code !== 45 && code !== 95) return 'neither' // - and _
    shape = 'foreign'
  }
  return shape
}

const isLetterOrDigit = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57)
