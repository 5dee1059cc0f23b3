import type { Ask, Moved } from './lanes/ledger-calls.ts'

/**
 * Units on loan from a database that many nodes share; absent where one process owns the database. `epoch` names what
 * was lent to this process: when it ends, all its holds are void at once, and what runs on them settles late.
 */
export interface Loans {
  readonly epoch: number
  /** One at a time. `undefined`: the epoch ended, and a new one has begun. */
  move(asks: readonly Ask[]): Promise<readonly Moved[] | undefined>
  /** Told when the epoch has ended, after `epoch` has changed. */
  onLost(listener: () => void): void
  /** Told of entities that a move asked for and that have no balance, or none that was opened: a failover has lost it. */
  onMissing(listener: (entities: readonly number[]) => void): void
  /** Told what was spent of a hold in all, in the order of commits, before the settlements' promises resolve. */
  onSpent(listener: (spent: { entity: number; spent: number; epoch: number }) => void): void
  /** Asks other nodes for units that they hold and don't use. */
  recall(entities: readonly number[]): void
  /** Told when others need units of these entities. */
  onRecall(listener: (entities: readonly number[]) => void): void
  /** How many nodes there are, this one included. */
  nodes(): number
}
