import { type Compilable, mustChange, type Store } from '../storage/store.ts'
import { digestOf, listTokens, newRow, type Proven, readToken } from './access-token-rows.ts'
import { isAccessTokenShaped } from './access-token-shape.ts'
import type { AccessScope, Caller } from './caller.ts'
import { createTouches } from './touches.ts'

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
  /** Who a token speaks for. Proven until the token or its account changes. */
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

/** About 1 KB each; whoever has more administrators at once reads the database. */
const MOST_REMEMBERED = 10_000

/** Builds the room of personal access tokens. */
export function createAccessTokens({ store, now, random }: Parts): AccessTokens {
  const find = createMemory(store)
  const touches = createTouches(store, (id: number, seconds) =>
    store.db.updateTable('access_token').set({ last_used_at: seconds }).where('id', '=', id),
  )
  return {
    async prove(raw) {
      if (!isAccessTokenShaped(raw)) return 'pat_unknown'
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
      if (!isAccessTokenShaped(token))
        throw new TypeError('not shaped like a personal access token')
      const row = newRow(await store.nextId('access_token'), wanted, token)
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

/** Remembers who tokens speak for, until the token or its account changes. */
function createMemory(store: Store): (digest: string) => Promise<Proven | undefined> {
  const remembered = new Map<string, Proven>()
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
  store.onBehind(() => {
    changes += 1
    remembered.clear()
  })

  return async function find(digest) {
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
}
