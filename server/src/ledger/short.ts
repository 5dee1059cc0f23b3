import type { Balance } from './balances.ts'
import type { Payers, Short } from './ledger.ts'

/** What a ledger knows of balances: what is left in all, and what is at hand. */
export interface Measures<B extends Balance> {
  readonly whole: (balance: B) => number
  readonly free: (balance: B) => number
  /** What could be had now. */
  readonly reach: (balance: B) => number
}

/** Who lacks units; before that, whom no waiting would help. `held` begins with the budgets of the payers. */
export function createShortOf<B extends Balance>({ whole, free, reach }: Measures<B>) {
  return (held: readonly B[], payers: Payers, amount: number): Short | undefined => {
    const budgets = payers.budgets.length
    const poor = firstBelow(held, budgets, amount, whole)
    const short = poor ?? firstBelow(held, budgets, amount, free)
    if (short === undefined) return undefined
    const { entity } = short
    return {
      entity: entity === payers.key ? 'key' : entity === payers.account ? 'account' : 'budget',
      balance: entity,
      reserved: poor === undefined,
      available: leastOf(held, reach),
    }
  }
}

/** The least of some balances; Infinity where there are none. */
export function leastOf<B>(held: readonly B[], of: (balance: B) => number): number {
  let least = Number.POSITIVE_INFINITY
  for (const balance of held) least = Math.min(least, of(balance))
  return least
}

/** Of budgets the tightest is named: of several that have as little the last, which is the one that lasts longest. */
function firstBelow<B>(
  held: readonly B[],
  budgets: number,
  amount: number,
  left: (balance: B) => number,
): B | undefined {
  let found: B | undefined
  let least = amount
  for (let at = 0; at < held.length; at++) {
    if (at >= budgets && found !== undefined) break
    const balance = held[at] as B
    const units = left(balance)
    if (units >= amount || units > least) continue
    found = balance
    least = units
  }
  return found
}
