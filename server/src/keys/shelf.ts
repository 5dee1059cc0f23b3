import type { ApiKey } from './api-key.ts'

/** A key in memory, reachable by its present digest and by former ones in their grace. */
export interface Shelved {
  readonly key: ApiKey
  readonly weight: number
  readonly digest: string
  /** Unix seconds after which this digest no longer leads here; null for the present value. */
  readonly until: number | null
}

export interface Shelf {
  get(digest: string): Shelved | undefined
  put(shelved: Shelved): void
  dropKey(keyId: number): void
  /** Looks at all of them. */
  drop(isConcerned: (key: ApiKey) => boolean): void
  clear(): void
  readonly size: number
}

interface Entry extends Shelved {
  /** How many entries had been put when this one last moved to the end of the line. */
  movedAt: number
  /** The same key by another of its values. */
  other: Entry | undefined
}

/** A hit moves its entry to the end only when an eighth of the line came since: the hottest keys cost one Map look-up. */
const MOVE_AFTER = 1 / 8

/**
 * Keys in memory, least recently used out first. `most` is a weight: a key counts 1, and more for long lists of its own.
 * `gone` hears of each key and account of which nothing is left here.
 */
export function createShelf(
  most: () => number,
  gone: (kind: 'key' | 'account', id: number) => void,
): Shelf {
  // In order of use, oldest first.
  const byDigest = new Map<string, Entry>()
  const byKey = new Map<number, Entry>()
  const keysOfAccount = new Map<number, number>()
  let weight = 0
  let puts = 0

  function take(entry: Entry): void {
    byDigest.delete(entry.digest)
    weight -= entry.weight
    const left = unlink(byKey.get(entry.key.id), entry)
    if (left !== undefined) {
      byKey.set(entry.key.id, left)
      return
    }
    byKey.delete(entry.key.id)
    gone('key', entry.key.id)
    const { accountId } = entry.key
    const keys = (keysOfAccount.get(accountId) ?? 0) - 1
    if (keys > 0) keysOfAccount.set(accountId, keys)
    else if (keysOfAccount.delete(accountId)) gone('account', accountId)
  }

  function dropKey(keyId: number): void {
    for (let entry = byKey.get(keyId); entry !== undefined; entry = byKey.get(keyId)) take(entry)
  }

  return {
    get(digest) {
      const entry = byDigest.get(digest)
      if (entry !== undefined && puts - entry.movedAt > byDigest.size * MOVE_AFTER) {
        byDigest.delete(digest)
        byDigest.set(digest, entry)
        entry.movedAt = puts
      }
      return entry
    },
    put(shelved) {
      const same = byDigest.get(shelved.digest)
      if (same !== undefined) take(same)
      puts += 1
      const { id, accountId } = shelved.key
      const other = byKey.get(id)
      if (other === undefined) keysOfAccount.set(accountId, (keysOfAccount.get(accountId) ?? 0) + 1)
      const entry = entryOf(shelved, puts, other)
      byKey.set(id, entry)
      byDigest.set(entry.digest, entry)
      weight += entry.weight
      const limit = most()
      for (const oldest of byDigest.values()) {
        if (weight <= limit || oldest === entry) break
        take(oldest)
      }
    },
    dropKey,
    drop(isConcerned) {
      for (const entry of byDigest.values()) if (isConcerned(entry.key)) take(entry)
    },
    clear() {
      for (const entry of byDigest.values()) take(entry)
    },
    get size() {
      return byDigest.size
    },
  }
}

/** Written out: a spread copy would keep some of its members apart, in 40 bytes more for each key. */
function entryOf({ key, weight, digest, until }: Shelved, movedAt: number, other?: Entry): Entry {
  return { key, weight, digest, until, movedAt, other }
}

/** Takes an entry out of the chain of its key's entries; gives the new first. */
function unlink(first: Entry | undefined, entry: Entry): Entry | undefined {
  if (first === undefined || first === entry) return first?.other
  first.other = unlink(first.other, entry)
  return first
}
