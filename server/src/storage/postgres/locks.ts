/**
 * The advisory locks that all nodes of one database share, each held for one transaction. The numbers are ours: a
 * database that other programs use too should not know them.
 */
export const LOCKS = {
  /** Migrations: several nodes may be started on an empty database at once. */
  migrate: 7_402_001,
  /** Management writes of all nodes are serial, as on SQLite: they may count rows and then add one. */
  write: 7_402_002,
  /** Shared by whoever inserts usage records, taken alone for a moment by whoever must know that none is under way. */
  usage: 7_402_003,
  /** What only one node may do at a time, such as making the first administrator. */
  alone: 7_402_004,
  /** Making partitions. */
  partitions: 7_402_005,
  /** Telling what was admitted under rate limits: who comes later hears who came before. */
  rates: 7_402_006,
  /** Deleting old usage records: what they had charged goes into one row of each payer. */
  retention: 7_402_007,
} as const
