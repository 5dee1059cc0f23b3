import { ACCESS_SCOPES, type Caller } from '../accounts/caller.ts'
import { ACTIVE } from '../accounts/status.ts'
import { createTouches } from '../accounts/touches.ts'
import type { Store } from '../storage/store.ts'
import { hasSessionCookie, tokenOf } from './cookie.ts'

/** Why a session opens nothing. */
export type SessionRefusal = 'session_ended' | 'account_suspended'

/** Cookies as a request's header holds them, and whether it came over https. */
export interface CookiesSent {
  readonly cookies: string | undefined
  readonly secure: boolean
}

/** Who is signed in to the console. */
export interface Sessions {
  /** Who a session speaks for; `undefined` when no cookie of one was sent. Proven until the session or its account changes. */
  prove(sent: CookiesSent): Promise<Caller | SessionRefusal | undefined>
  /** Writes what is not yet written about when sessions were used. */
  close(): Promise<void>
}

interface Parts {
  readonly store: Store
  /** Signs cookies. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface Proven {
  readonly caller: Caller
  readonly active: boolean
  readonly expiresAtMs: number
}

/** About 1 KB each. */
const MOST_REMEMBERED = 10_000
const ORDINARY = ACCESS_SCOPES.filter((scope) => scope !== 'admin')

/** Builds the room of sessions. They are made and ended by the sign-in library; here they are only believed or not. */
export function createSessions({ store, secret, now }: Parts): Sessions {
  const find = createMemory(store)
  const touches = createTouches(store, (id: string, ms) =>
    store.db.updateTable('session').set({ used_at_ms: ms }).where('id', '=', id),
  )
  return {
    async prove({ cookies, secure }) {
      if (cookies === undefined || !hasSessionCookie(cookies, secure)) return undefined
      const token = tokenOf(cookies, { secure, secret })
      const found = token === undefined ? undefined : await find(token)
      const ms = now()
      if (found === undefined || found.expiresAtMs <= ms) return 'session_ended'
      if (!found.active) return 'account_suspended'
      touches.note(found.caller.session ?? '', ms)
      return found.caller
    },
    close: () => touches.close(),
  }
}

/** Remembers who sessions speak for, until one of the account's ends or the account changes. */
function createMemory(store: Store): (token: string) => Promise<Proven | undefined> {
  const remembered = new Map<string, Proven>()
  // A look-up begun before a change may not be remembered after it: it may hold what was true before.
  let changes = 0
  store.onChange(({ kind, subject }) => {
    if (kind !== 'session' && kind !== 'account') return
    changes += 1
    const id = Number(subject)
    for (const [token, { caller }] of remembered) {
      if (caller.accountId === id) remembered.delete(token)
    }
  })
  store.onBehind(() => {
    changes += 1
    remembered.clear()
  })
  return async function find(token) {
    const known = remembered.get(token)
    if (known !== undefined) return known
    const before = changes
    const found = await readSession(store, token)
    if (found === undefined || before !== changes) return found
    const oldest = remembered.size < MOST_REMEMBERED ? undefined : remembered.keys().next().value
    if (oldest !== undefined) remembered.delete(oldest)
    remembered.set(token, found)
    return found
  }
}

async function readSession(store: Store, token: string): Promise<Proven | undefined> {
  const row = await store.db
    .selectFrom('session')
    .innerJoin('account', 'account.id', 'session.account_id')
    .select([
      'session.id',
      'session.expires_at_ms',
      'session.created_at_ms',
      'account.id as account_id',
    ])
    .select(['account.username', 'account.role', 'account.status', 'account.password_due'])
    .select(['account.group_name', 'account.groups'])
    .where('session.token', '=', token)
    .where('account.deleted_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const groups: readonly string[] = JSON.parse(row.groups)
  return {
    active: row.status === ACTIVE,
    expiresAtMs: row.expires_at_ms,
    caller: {
      accountId: row.account_id,
      username: row.username,
      role: row.role,
      group: row.group_name,
      groups,
      tokenId: 0,
      scopes: row.role === 'admin' ? ACCESS_SCOPES : ORDINARY,
      tokenExpiresAt: null,
      session: row.id,
      sessionSince: row.created_at_ms,
      ...(row.password_due === 1 ? { passwordDue: true } : {}),
    },
  }
}
