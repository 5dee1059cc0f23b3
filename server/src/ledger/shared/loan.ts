import type { Balance } from '../balances.ts'
import type { Entity } from '../entity.ts'

/**
 * What this node has borrowed of one balance. To a reservation it is a balance like any other, of which `remain` is
 * what is at hand; what lies in the database and at other nodes is only known as it was last seen.
 */
export interface Loan extends Balance {
  granted: number
  spent: number
  /** Units that nobody has borrowed, as last seen. */
  unlent: number
  /** Units at other nodes, as last seen. */
  elsewhere: number
  /** `unlent` and `elsewhere` come from a move, and not from a cache. */
  seen: boolean
  /** How often management changed the balance, as far as heard, or may have. */
  changes: number
  /** Of `holders`: calls and moves that wait for units of the entity, under whichever epoch they come. */
  keepers: number
  /** Borrowed beyond the need while the entity is hot, so that not every call waits for the database. */
  slack: number
  /** The most that calls held at once since the slack was last judged. */
  peak: number
  /** Monotonic milliseconds. */
  broughtAt: number
  usedAt: number
}

export function newLoan(entity: Entity, remain: number, at: number): Loan {
  return {
    ...{ entity, granted: 0, spent: 0, unlent: remain, elsewhere: 0 },
    ...{ seen: false, changes: 0, keepers: 0, slack: 0, peak: 0 },
    ...{ broughtAt: Number.NEGATIVE_INFINITY, usedAt: at },
    ...{ reserved: 0, holders: 0, unwanted: false },
    remain: 0,
  }
}

/** What is left in all, as far as this node knows. */
export const wholeOf = ({ remain, unlent, elsewhere }: Loan): number => remain + unlent + elsewhere

/** What can be had without another node giving anything back. */
export const withinReach = ({ remain, reserved, unlent }: Loan): number =>
  Math.max(0, remain - reserved) + unlent

/** Follows what a move or a settlement said of the hold. */
export function follow(loan: Loan, known: { granted?: number; spent?: number }): void {
  loan.granted = known.granted ?? loan.granted
  loan.spent = known.spent ?? loan.spent
  loan.remain = loan.granted - loan.spent
}

/** An entity that needs units again within this time is hot. */
const HOT_MS = 1_000

/**
 * How much more than the need to borrow: nothing at first; twice as much each time while it is hot, as far as its calls
 * ever held at once, and never so much that other nodes starve.
 */
export function judgeSlack(loan: Loan, at: number, nodes: number): number {
  const hot = at - loan.broughtAt < HOT_MS
  const most = Math.floor((loan.unlent + loan.elsewhere) / (4 * nodes))
  const wanted = hot ? Math.max(loan.slack * 2, loan.peak) : loan.slack / 2
  loan.slack = Math.min(Math.floor(wanted), most)
  loan.broughtAt = at
  loan.peak = loan.reserved
  return loan.slack
}
