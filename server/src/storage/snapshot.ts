import type { Store } from './store.ts'

/** A database as it is at one moment: what commits meanwhile is not seen. */
export interface Snapshot {
  /** Whole numbers are bigints: a tampered sum may lie beyond the numbers that JavaScript can hold. */
  rows(sql: string): Promise<Iterable<Record<string, unknown>>>
  /** What the database itself finds damaged, at most so many. */
  damages(most: number): Promise<readonly string[]>
  /** Whether a look failed because of what was looked at. */
  isDamage(failure: unknown): boolean
  readonly dialect: Store['dialect']
  /** The table `usage` in a `from`, for whoever reads all of it. */
  readonly wholeUsage: string
}
