import { createHash } from 'node:crypto'
import type { Store } from '../storage/store.ts'
import type { AccessTokenTable } from '../storage/tables.ts'
import type { AccessToken, NewAccessToken } from './access-tokens.ts'
import type { AccessScope, Caller } from './caller.ts'
import { ACTIVE } from './status.ts'

/** What a token proves. */
export interface Proven {
  readonly caller: Caller
  readonly active: boolean
}

/** What is stored of a token: it has 256 random bits, so no pepper is needed. */
export const digestOf = (token: string): string =>
  createHash('sha256').update(token).digest('base64url')

/** The row of a new token; what is stored of the token itself is its digest and its end. */
export function newRow(
  id: number,
  wanted: NewAccessToken,
  token: string,
): Omit<AccessTokenTable, 'created_at'> {
  return {
    id,
    account_id: wanted.accountId,
    name: wanted.name,
    digest: digestOf(token),
    hint: token.slice(-4),
    scopes: wanted.scopes === null ? null : JSON.stringify(wanted.scopes),
    expires_at: wanted.expiresAt,
    last_used_at: null,
    deleted_at: null,
  }
}

/** Who a token speaks for; `undefined` when it or its account is gone. */
export async function readToken(store: Store, digest: string): Promise<Proven | undefined> {
  const row = await store.db
    .selectFrom('access_token')
    .innerJoin('account', 'account.id', 'access_token.account_id')
    .select(['access_token.id', 'access_token.scopes', 'access_token.expires_at'])
    .select(['account.id as account_id', 'account.username', 'account.role', 'account.status'])
    .select(['account.group_name', 'account.groups'])
    .where('access_token.digest', '=', digest)
    .where('access_token.deleted_at', 'is', null)
    .where('account.deleted_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const groups: readonly string[] = JSON.parse(row.groups)
  return {
    active: row.status === ACTIVE,
    caller: {
      accountId: row.account_id,
      username: row.username,
      role: row.role,
      group: row.group_name,
      groups,
      tokenId: row.id,
      scopes: parseScopes(row.scopes),
      tokenExpiresAt: row.expires_at,
    },
  }
}

/** An account's tokens, newest first. */
export async function listTokens(store: Store, accountId: number): Promise<readonly AccessToken[]> {
  const rows = await store.db
    .selectFrom('access_token')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .orderBy('id', 'desc')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    hint: row.hint,
    scopes: parseScopes(row.scopes),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  }))
}

function parseScopes(text: string | null): readonly AccessScope[] | null {
  const scopes: readonly AccessScope[] | null = text === null ? null : JSON.parse(text)
  return scopes
}
