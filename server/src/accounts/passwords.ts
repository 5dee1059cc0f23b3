import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** What a hash takes, in scrypt's parameters. */
export interface HashCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** Keeps passwords as what nobody reads them from. */
export interface Passwords {
  /** Hashes a password as `scrypt$N$r$p$salt$hash`; the cost stands in it, so that it can rise later. */
  hash(password: string): Promise<string>
  /** Whether the password belongs to the hash, in a time that does not depend on how much of it is right. */
  verify(password: string, stored: string): Promise<boolean>
}

/** 32 MiB and about 100 ms a guess (OWASP's second choice, which a small machine can still answer). */
const COST: HashCost = { N: 2 ** 15, r: 8, p: 3 }
const HASH_BYTES = 32
/** Longer ones would only make us hash a novel. */
export const LONGEST_PASSWORD = 256
export const SHORTEST_PASSWORD = 8

/** At another cost than what is right for people's passwords: for tests, which have thousands. */
export function createPasswords(cost: HashCost = COST): Passwords {
  const { N, r, p } = cost
  return {
    async hash(password) {
      const salt = randomBytes(16)
      const hash = await derive(password, salt, cost)
      return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
    },
    verify,
  }
}

async function verify(password: string, stored: string): Promise<boolean> {
  const [kind, N, r, p, salt, hash] = stored.split('$')
  if (kind !== 'scrypt' || salt === undefined || hash === undefined) return false
  if (password.length > LONGEST_PASSWORD) return false
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const found = await derive(password, Buffer.from(salt, 'base64url'), cost)
  const expected = Buffer.from(hash, 'base64url')
  return expected.length === found.length && timingSafeEqual(expected, found)
}

function derive(password: string, salt: Uint8Array, cost: HashCost): Promise<Buffer> {
  // The same password can be typed as different code points on different keyboards.
  const text = password.normalize('NFKC')
  const options = { ...cost, maxmem: 256 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    scrypt(text, salt, HASH_BYTES, options, (error, hash) =>
      error ? reject(error) : resolve(hash),
    )
  })
}
