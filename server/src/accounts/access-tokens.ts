import { createHash } from 'node:crypto'
import type { Compilable, Store } from '../storage/store.ts'
import { mustChange } from '../storage/store.ts'
import type { AccessTokenTable } from '../storage/tables.ts'
import { createTouches } from './access-token-touches.ts'
import { ACTIVE } from './accounts.ts'
import type { AccessScope, Caller } from './caller.ts'

/** Why a personal access token opens nothing. */
export type AccessRefusal = 'pat_unknown' | 'pat_expired' | 'account_suspended'

/** A token's record, without the token. */
export interface AccessToken {
  readonly id: number
  readonly name: string
  /** Its last four characters, to tell tokens apart. */
  readonly hint: string
  readonly scopes: readonly AccessScope[] | null
  readonly expiresAt: number | null
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

export interface NewAccessToken {
  readonly accountId: number
  readonly name: string
  readonly scopes: readonly AccessScope[] | null
  readonly expiresAt: number | null
  /** Chosen by the operator; otherwise one is made. */
  readonly value?: string
}

type Also = (id: number) => readonly Compilable[]

export interface AccessTokens {
  /** Who a token speaks for. Remembered until the token or its account changes. */
  prove(raw: string): Promise<Caller | AccessRefusal>
  /** The only time that the token itself is known. */
  create(wanted: NewAccessToken, also?: Also): Promise<{ id: number; token: string }>
  list(accountId: number): Promise<readonly AccessToken[]>
  /** False when the account has no such token. */
  remove(accountId: number, id: number, also?: Also): Promise<boolean>
  /** Writes what is not yet written about when tokens were used. */
  close(): Promise<void>
}

interface Parts {
  readonly store: Store
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
}

const SHAPE = /^tpat_[\w-]{43}$/
/** About 1 KB each; whoever has more administrators at once reads the database. */
const MOST_REMEMBERED = 10_000

/** Whether a text could be one of our personal access tokens. */
export const isAccessTokenShaped = (text: string): boolean => SHAPE.test(text)

const digestOf = (token: string) => createHash('sha256').update(token).digest('base64url')

interface Remembered {
  readonly caller: Caller
  readonly active: boolean
}

/** Builds the room of personal access tokens. */
export function createAccessTokens({ store, now, random }: Parts): AccessTokens {
  const remembered = new Map<string, Remembered>()
  const touches = createTouches(store)
  // A look-up begun before a change may not be remembered after it: it may hold what was true before.
  let changes = 0
  store.onChange(({ kind, subject }) => {
    if (kind !== 'access_token' && kind !== 'account') return
    changes += 1
    const id = Number(subject)
    for (const [digest, { caller }] of remembered) {
      if ((kind === 'account' ? caller.accountId : caller.tokenId) === id) remembered.delete(digest)
    }
  })

  async function find(digest: string): Promise<Remembered | undefined> {
    const known = remembered.get(digest)
    if (known !== undefined) return known
    const before = changes
    const found = await readToken(store, digest)
    if (found === undefined || before !== changes) return found
    const oldest = remembered.size < MOST_REMEMBERED ? undefined : remembered.keys().next().value
    if (oldest !== undefined) remembered.delete(oldest)
    remembered.set(digest, found)
    return found
  }

  return {
    async prove(raw) {
      if (!SHAPE.test(raw)) return 'pat_unknown'
      const found = await find(digestOf(raw))
      if (found === undefined) return 'pat_unknown'
      const seconds = Math.floor(now() / 1000)
      const { tokenExpiresAt, tokenId } = found.caller
      if (tokenExpiresAt !== null && tokenExpiresAt <= seconds) return 'pat_expired'
      if (!found.active) return 'account_suspended'
      touches.note(tokenId, seconds)
      return found.caller
    },
    async create(wanted, also) {
      const token = wanted.value ?? `tpat_${Buffer.from(random(32)).toString('base64url')}`
      if (!SHAPE.test(token)) throw new TypeError('not shaped like a personal access token')
      const row = newRow(store.nextId('access_token'), wanted, token)
      await store.write(
        [
          store.db
            .insertInto('access_token')
            .values({ ...row, created_at: Math.floor(now() / 1000) }),
          ...(also?.(row.id) ?? []),
        ],
        [{ kind: 'access_token', subject: String(row.id) }],
      )
      return { id: row.id, token }
    },
    list: (accountId) => listTokens(store, accountId),
    async remove(accountId, id, also) {
      const written = await store.write(
        [
          mustChange(
            store.db
              .updateTable('access_token')
              .set({ deleted_at: Math.floor(now() / 1000) })
              .where('id', '=', id)
              .where('account_id', '=', accountId)
              .where('deleted_at', 'is', null),
          ),
          ...(also?.(id) ?? []),
        ],
        [{ kind: 'access_token', subject: String(id) }],
      )
      return written.done
    },
    close: () => touches.close(),
  }
}

function newRow(
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

async function readToken(store: Store, digest: string): Promise<Remembered | undefined> {
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

async function listTokens(store: Store, accountId: number): Promise<readonly AccessToken[]> {
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
