import { accountEntity, keyEntity } from '../ledger/entity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'
import type { Change } from '../storage/tables.ts'
import { createAccessTimes } from './access-times.ts'
import type { ApiKey } from './api-key.ts'
import { type FoundKey, findKey } from './find-key.ts'
import { createOvertaken } from './overtaken.ts'
import { createPolicies } from './policies.ts'
import { createShelf } from './shelf.ts'
import { compileKey } from './stored-key.ts'
import type { Vault } from './vault.ts'

export interface KeyCacheParts {
  readonly store: Pick<Store, 'db' | 'write' | 'onChange'>
  readonly vault: Pick<Vault, 'digests'>
  readonly ledger: Pick<Ledger, 'know' | 'knows' | 'forget'>
  readonly settings: Pick<Settings, 'get'>
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
  /** Notes an authenticated request for `accessed_time`; written in batches, every few seconds and at close. */
  touch(key: ApiKey): void
  /** How many values are in memory. */
  readonly size: number
  flush(): Promise<void>
  close(): Promise<void>
}

/** Guesses that look like keys are remembered for a moment, so that repeating one costs no query each time. */
const UNKNOWN_MS = 5_000
const MOST_UNKNOWN = 10_000

/** Fills by one query a key, however many calls wait for it; follows every change before its writer is answered. */
export function createKeyCache(parts: KeyCacheParts): KeyCache {
  const { store, vault, ledger, settings, now } = parts
  const policies = createPolicies()
  const unknown = new Map<string, number>()
  const filling = new Map<string, Filling>()
  const overtaken = createOvertaken()
  const shelf = createShelf(
    () => settings.get('limits.key_cache'),
    (kind, id) => {
      if (filling.size > 0) overtaken.note(`${kind} ${id}`)
      ledger.forget(kind === 'key' ? keyEntity(id) : accountEntity(id))
    },
  )
  const times = createAccessTimes(store, now)
  store.onChange(follow)

  function follow({ kind, subject }: Change): void {
    if (filling.size > 0) overtaken.note(`${kind} ${subject}`)
    if (kind === 'key') {
      shelf.dropKey(Number(subject))
      unknown.clear()
    } else if (kind === 'account') shelf.dropAccount(Number(subject))
    else if (kind === 'group') shelf.clear()
  }

  async function fill(digest: string, value: string | undefined): Promise<ApiKey | undefined> {
    const digests = value === undefined ? [digest] : vault.digests(value).map((one) => one.digest)
    for (;;) {
      const mark = overtaken.mark()
      const row = await findKey(store.db, digests, seconds(now))
      if (overtaken.since(mark).some((change) => concerns(change, row))) continue
      if (row !== undefined) return keep(digest, row)
      remember(digest)
      return undefined
    }
  }

  function keep(digest: string, row: FoundKey): ApiKey {
    const { key, weight } = compileKey(row, policies)
    shelf.put({ key, weight, digest, until: row.former_until })
    if (!key.unlimited && !ledger.knows(key.entity)) ledger.know(key.entity, row.key_remain ?? 0)
    if (!key.accountUnlimited && !ledger.knows(key.accountEntity)) {
      ledger.know(key.accountEntity, row.account_remain ?? 0)
    }
    return key
  }

  function remember(digest: string): void {
    unknown.set(digest, now() + UNKNOWN_MS)
    if (unknown.size <= MOST_UNKNOWN) return
    for (const oldest of unknown.keys()) {
      unknown.delete(oldest)
      break
    }
  }

  function fillOnce(digest: string, value: string | undefined): Promise<ApiKey | undefined> {
    const running = filling.get(digest)
    if (running !== undefined) return running.found
    const mark = overtaken.mark()
    const found = fill(digest, value).finally(() => {
      filling.delete(digest)
      const [oldest] = filling.values()
      overtaken.forgetBefore(oldest?.mark ?? overtaken.mark())
    })
    filling.set(digest, { found, mark })
    return found
  }

  return {
    find(digest, value) {
      const shelved = shelf.get(digest)
      if (shelved !== undefined) {
        if (shelved.until === null || shelved.until > seconds(now)) return shelved.key
        return undefined
      }
      const until = unknown.get(digest)
      if (until !== undefined && until > now()) return undefined
      return fillOnce(digest, value)
    },
    touch: (key) => times.touch(key.id),
    get size() {
      return shelf.size
    },
    flush: times.flush,
    close: times.close,
  }
}

interface Filling {
  readonly found: Promise<ApiKey | undefined>
  /** Where `overtaken` stood when it began. */
  readonly mark: number
}

/** A fill that found nothing is asked again after any change of a key: it may have been about this one. */
function concerns(change: string, row: FoundKey | undefined): boolean {
  if (row === undefined) return change.startsWith('key ')
  return (
    change === `key ${row.id}` ||
    change === `account ${row.account_id}` ||
    change.startsWith('group ')
  )
}

const seconds = (now: () => number): number => Math.floor(now() / 1000)
