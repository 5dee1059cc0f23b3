import { AUTO, type Groups } from '../groups/groups.ts'
import { accountEntity, keyEntity } from '../ledger/entity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'
import { createAccessTimes } from './access-times.ts'
import type { ApiKey } from './api-key.ts'
import { createFills } from './fills.ts'
import { createFindKey, type FoundKey, findKeyById } from './find-key.ts'
import { createPolicies } from './policies.ts'
import { createShelf, type Shelf } from './shelf.ts'
import { compileKey } from './stored-key.ts'
import { createUnknownValues } from './unknown-values.ts'
import type { Vault } from './vault.ts'

export interface KeyCacheParts {
  readonly store: Pick<Store, 'db' | 'dbForCalls' | 'write' | 'onChange' | 'onBehind'>
  readonly vault: Pick<Vault, 'digests'>
  readonly ledger: Pick<Ledger, 'know' | 'forget'>
  readonly settings: Pick<Settings, 'get'>
  readonly groups: Pick<Groups, 'get' | 'order' | 'changes' | 'onChange'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The keys that are in use, in memory, ready to be asked. */
export interface KeyCache {
  /**
   * The key with this digest: at once when it is in memory, else after one query; undefined = unknown. `value`, where
   * given, also finds a key that was stored under a former root secret. Rejects when the database can't be read.
   */
  find(digest: string, value?: string): ApiKey | undefined | Promise<ApiKey | undefined>
  /** The key as it is now, read anew and not kept; undefined = it is gone, or its account is. Rejects as `find` does. */
  read(id: number): Promise<ApiKey | undefined>
  /** Whether a value was looked for a moment ago and leads nowhere: asked before its digest is computed. */
  isUnknown(value: string): boolean
  /** Notes an authenticated request for `accessed_time`; written in batches, every few seconds and at close. */
  touch(key: ApiKey): void
  /** How many values are in memory. */
  readonly size: number
  /** Writes the times noted so far. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Changes were missed, and nobody knows which. */
const EVERYTHING = 'everything'

/** Fills by one query a key, however many calls wait for it; follows every change before its writer is answered. */
export function createKeyCache(parts: KeyCacheParts): KeyCache {
  const { store, vault, now } = parts
  const policies = createPolicies(parts.groups)
  const findKey = createFindKey(store.dbForCalls)
  const fills = createFills<ApiKey | undefined, FoundKey | undefined>()
  const unknown = createUnknownValues(now)
  const times = createAccessTimes(store, now)
  const shelf = createShelf(
    () => parts.settings.get('limits.key_cache'),
    (kind, id) => {
      fills.note(`${kind} ${id}`)
      parts.ledger.forget(kind === 'key' ? keyEntity(id) : accountEntity(id))
    },
  )
  followChanges(store, { fills, shelf, unknown })
  // A read under way is compiled when it ends, hence with the groups as they are then.
  parts.groups.onChange((name) => {
    if (name === undefined) shelf.clear()
    else shelf.drop((key) => mayGoTo(key, name))
  })

  function fill(digest: string, value: string | undefined): Promise<ApiKey | undefined> {
    const digests = value === undefined ? [digest] : vault.digests(value).map((one) => one.digest)
    return fills.once(digest, {
      read: () => findKey(digests, Math.floor(now() / 1000)),
      outdated: concerns,
      keep(row) {
        if (row === undefined) {
          unknown.add(value ?? digest)
          return undefined
        }
        const { key, weight } = compileKey(row, policies)
        shelf.put({ key, weight, digest, until: row.former_until })
        tellBalances(parts.ledger, key, row)
        return key
      },
    })
  }

  return {
    find(digest, value) {
      const shelved = shelf.get(digest)
      if (shelved === undefined) {
        return unknown.has(value ?? digest) ? undefined : fill(digest, value)
      }
      if (shelved.until !== null && shelved.until * 1000 <= now()) return undefined
      return shelved.key
    },
    async read(id) {
      const row = await findKeyById(store.dbForCalls, id)
      return row === undefined ? undefined : compileKey(row, policies).key
    },
    isUnknown: unknown.has,
    touch: (key) => times.touch(key.id),
    get size() {
      return shelf.size
    },
    flush: times.flush,
    close: times.close,
  }
}

/** Whether calls of a key may go to a group, be it there or not. `auto`: whether they walk. */
const mayGoTo = ({ group, accountGroups }: ApiKey, name: string): boolean =>
  group === name || (group === AUTO && (name === AUTO || accountGroups.includes(name)))

interface Remembered {
  readonly fills: { note(what: string): void }
  readonly shelf: Shelf
  readonly unknown: { clear(): void }
}

/** Forgets what was changed, here or at another node. */
function followChanges(
  store: Pick<Store, 'onChange' | 'onBehind'>,
  { fills, shelf, unknown }: Remembered,
): void {
  store.onChange(({ kind, subject }) => {
    fills.note(`${kind} ${subject}`)
    if (kind === 'key') {
      shelf.dropKey(Number(subject))
      unknown.clear()
    } else if (kind === 'account') {
      const id = Number(subject)
      shelf.drop(({ accountId }) => accountId === id)
    }
  })
  store.onBehind(() => {
    fills.note(EVERYTHING)
    shelf.clear()
    unknown.clear()
  })
}

/** Tells the ledger the balances that came with a key. Each time: it forgets those whose key was dropped. */
function tellBalances(ledger: Pick<Ledger, 'know'>, key: ApiKey, row: FoundKey): void {
  if (!key.unlimited) ledger.know(key.entity, row.key_remain ?? 0)
  if (!key.accountUnlimited) ledger.know(key.accountEntity, row.account_remain ?? 0)
}

/** A fill that found nothing is asked again after any change of a key: it may have been about this one. */
function concerns(what: string, row: FoundKey | undefined): boolean {
  if (what === EVERYTHING) return true
  if (row === undefined) return what.startsWith('key ')
  return what === `key ${row.id}` || what === `account ${row.account_id}`
}
