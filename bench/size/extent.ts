/** How much is seeded, and where it begins: the numbers from which every row is computed. */
export interface Extent {
  readonly keys: number
  readonly records: number
  readonly accounts: number
  /** The account with half of the keys and of the records. Those behind it are the others. */
  readonly firstAccount: number
  readonly firstKey: number
  /** Unix milliseconds between which the records lie. */
  readonly beginMs: number
  readonly endMs: number
}
