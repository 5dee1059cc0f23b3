import { createHash } from 'node:crypto'
import type { Compilable, Store } from '../storage/store.ts'

/** What is stored of a link's token: it has 256 random bits, so no pepper is needed. */
export const digestOfToken = (token: string): string =>
  createHash('sha256').update(token).digest('base64url')

/** A token that nobody can guess. */
export const newToken = (random: (bytes: number) => Uint8Array): string =>
  Buffer.from(random(32)).toString('base64url')

/** A page of the console. The token stands behind `#`, so that it reaches neither a log nor the page that is opened next. */
export const linkTo = (
  origin: string,
  page: 'reset-password' | 'sign-up' | 'settings',
  token: string,
): string => `${origin}/console/${page}#token=${token}`

interface Reset {
  readonly accountId: number
  readonly token: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly expiresAt: number
}

/** Lets whoever has the token choose a new password, once: `POST /api/auth/reset-password`. The library reads this row. */
export function resetStatement(
  { db }: Store,
  { accountId, token, now, expiresAt }: Reset,
): Compilable {
  return db.insertInto('verification').values({
    id: newIdOf(token),
    identifier: digestOfToken(`reset-password:${token}`),
    value: String(accountId),
    expires_at_ms: expiresAt,
    created_at_ms: now,
    updated_at_ms: now,
  })
}

interface EmailLink extends Reset {
  readonly email: string
}

/** Lets the account say by the token that the address is its own. The latest link of an account is the one that counts. */
export function emailStatements(
  { db }: Store,
  { accountId, email, token, now, expiresAt }: EmailLink,
): readonly Compilable[] {
  const value = `email ${accountId} `
  return [
    db.deleteFrom('verification').where('value', 'like', `${value}%`),
    db.insertInto('verification').values({
      id: newIdOf(token),
      identifier: digestOfToken(`email:${token}`),
      value: value + email,
      expires_at_ms: expiresAt,
      created_at_ms: now,
      updated_at_ms: now,
    }),
  ]
}

/** A row's id need not be guessed, only differ. */
const newIdOf = (token: string): string => digestOfToken(`id:${token}`).slice(0, 32)
