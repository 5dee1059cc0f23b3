/** What a node says of one key or account that has rate limits. */
export interface EntityNews {
  readonly entity: number
  /** Admitted since it was last told; negative where more was taken back. */
  readonly requests: number
  readonly tokens: number
  /** Calls that run there now. */
  readonly running: number
}

/** What a node tells the others in one exchange. */
export interface ToldRates {
  /** Counts up. What is sent twice has the same number both times, and counts once. */
  readonly turn: number
  /** The registration under which the calls run: when it ends, they count no more. */
  readonly epoch: number
  /** Whether everything that runs there is told; else only what changed. */
  readonly whole: boolean
  readonly entities: readonly EntityNews[]
}

/** What another node told, and how long ago. */
export interface HeardRates extends Omit<ToldRates, 'turn'> {
  readonly node: number
  readonly ageMs: number
}

/** Where nodes that share a database tell each other what they admitted under rate limits. */
export interface RateExchange {
  /** Names this process until others take it for dead. */
  readonly epoch: number
  /**
   * Tells, if there is something to tell, and hears what was told since the last time. Exchanges that tell come one
   * after the other: of two nodes the later one hears the earlier. One at a time; what failed is sent again as it was.
   */
  exchange(told: ToldRates | undefined): Promise<{
    /** The epochs of all nodes that live. */
    readonly living: readonly number[]
    /** In the order in which it was told. */
    readonly heard: readonly HeardRates[]
  }>
}
