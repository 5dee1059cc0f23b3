/** Guesses that look like keys are remembered for a moment, so that repeating one costs no query each time. */
export interface UnknownDigests {
  has(digest: string): boolean
  add(digest: string): void
  clear(): void
}

const REMEMBERED_MS = 5_000
const MOST_REMEMBERED = 10_000

/** Bounded in time and number, oldest out first. */
export function createUnknownDigests(now: () => number): UnknownDigests {
  const until = new Map<string, number>()
  return {
    has: (digest) => (until.get(digest) ?? 0) > now(),
    add(digest) {
      until.delete(digest)
      until.set(digest, now() + REMEMBERED_MS)
      if (until.size <= MOST_REMEMBERED) return
      const [oldest] = until.keys()
      if (oldest !== undefined) until.delete(oldest)
    },
    clear: () => until.clear(),
  }
}
