import { createHash } from 'node:crypto'
import { randomLetters } from '../../keys/secret.ts'

const LENGTH = 32
const SHAPE = /^[A-Za-z0-9]{32}$/

/** A new code: 32 random letters and digits, 190 bits. */
export const generateCode = (random: (bytes: number) => Uint8Array): string =>
  randomLetters(random, LENGTH)

/** The code in what was sent, which may be pasted with blanks around it; `undefined` when it can't be one of ours. */
export function parseCode(sent: string): string | undefined {
  const code = sent.trim()
  return SHAPE.test(code) ? code : undefined
}

/** What is stored of a code beside its end: it has so many random bits that no pepper is needed. */
export const digestOf = (code: string): string =>
  createHash('sha256').update(code).digest('base64url')
