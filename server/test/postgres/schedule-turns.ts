import fc from 'fast-check'
import { accountEntity, budgetEntity, keyEntity } from '../../src/ledger/entity.ts'

/** What one session does next. `heldMs`: how long its transaction stays open behind it. */
export type Turn = LaneTurn | ManagedTurn | { readonly kind: 'reap'; readonly node: number }

export type LaneTurn =
  | { readonly kind: 'move'; readonly asks: readonly Wish[]; readonly heldMs: number }
  | { readonly kind: 'settle'; readonly calls: readonly Ended[]; readonly heldMs: number }
  /** All of them ran under an epoch that has ended: they look for locked rows first, and wait apart for those. */
  | { readonly kind: 'late'; readonly calls: readonly Ended[] }

export type ManagedTurn =
  | Timed<{ readonly kind: 'set'; readonly entity: number; readonly amount: number }>
  | Timed<{ readonly kind: 'budgets'; readonly key: number; readonly amount: number }>
  | Timed<{ readonly kind: 'change'; readonly entity: number; readonly delta: number }>
  /** Opens a period of a budget, as the first call of it at any node does. */
  | Timed<{ readonly kind: 'open'; readonly period: Period }>
  /** Gives back what one of the calls that were charged so far has cost. */
  | { readonly kind: 'refund'; readonly call: number }
  /** Somebody keeps a balance to himself, and writes nothing. */
  | Timed<{ readonly kind: 'block'; readonly entity: number }>
  /** Sums what is not summed yet, and drops the month that is over. */
  | { readonly kind: 'drop' }

type Timed<T> = T & { readonly heldMs: number }

export interface Wish {
  readonly entity: number
  readonly units: number
  readonly leave: boolean
}

/** A call that ended; `late`: it ran under the node's epoch before this one. */
export interface Ended {
  readonly key: number
  readonly account: number
  readonly cost: number
  readonly atMost: number
  readonly unlimited: readonly [key: boolean, account: boolean]
  readonly budgets: readonly number[]
  readonly late: boolean
}

/** Turns of the two lanes of each node, of two managers, and of somebody who takes nodes for dead. */
export interface Schedule {
  readonly nodes: readonly { readonly moves: readonly Turn[]; readonly settles: readonly Turn[] }[]
  readonly managers: readonly (readonly Turn[])[]
  readonly reaps: readonly Turn[]
}

/** Keys before and behind their accounts by number: the lock order is not the order of numbers. */
export const KEYS = [1, 2, 3].map(keyEntity)
export const ACCOUNTS = [1, 2].map(accountEntity)
/** A key and an account of which a budget is. */
const OWNERS = [keyEntity(1), accountEntity(1)]
/** Larger by number than all keys, and locked before them. */
export const BUDGETS = OWNERS.map((owner) => budgetEntity({ owner, period: 'day', number: 1 }))
export const ALL = [...KEYS, ...ACCOUNTS, ...BUDGETS]

/** A period that nobody has opened when a schedule begins: below zero, because it is another one in each. */
export type Period = -1 | -2
export const PERIODS: readonly Period[] = [-1, -2]
export const ownerOf = (period: Period): number => OWNERS[-period - 1] as number

const key = fc.constantFrom(...KEYS)
const account = fc.constantFrom(...ACCOUNTS)
const entity = fc.constantFrom(...ALL)
const entityOrPeriod = fc.oneof(
  { weight: 5, arbitrary: entity },
  { weight: 1, arbitrary: fc.constantFrom<number>(...PERIODS) },
)
const heldMs = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 8 }))
const leave = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true))
const wish = fc.record({ entity: entityOrPeriod, units: fc.integer({ min: -30, max: 60 }), leave })
const move: fc.Arbitrary<Turn> = fc.record({
  kind: fc.constant('move'),
  asks: fc.uniqueArray(wish, { maxLength: 5, selector: (one) => one.entity }),
  heldMs,
})
const rarely = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true))
/** Of periods that somebody has opened by then. */
const budgets = fc.oneof(
  { weight: 4, arbitrary: fc.subarray(BUDGETS) },
  { weight: 1, arbitrary: fc.subarray([...BUDGETS, ...PERIODS]) },
)
const ended = fc.record({
  ...{ key, account, cost: fc.nat(40), atMost: fc.nat(40) },
  ...{ unlimited: fc.tuple(rarely, rarely), late: rarely, budgets },
})
const settle: fc.Arbitrary<Turn> = fc.record({
  kind: fc.constant('settle'),
  calls: fc.array(ended, { maxLength: 5 }),
  heldMs,
})
const late: fc.Arbitrary<Turn> = fc.record({
  kind: fc.constant('late'),
  calls: fc.array(ended, { minLength: 1, maxLength: 4 }),
})
const manage: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), entity, amount: fc.nat(200), heldMs }),
  fc.record({ kind: fc.constant('budgets' as const), key, amount: fc.nat(200), heldMs }),
  fc.record({
    kind: fc.constant('change' as const),
    ...{ entity, delta: fc.integer({ min: -60, max: 60 }), heldMs },
  }),
  fc.record({ kind: fc.constant('open' as const), period: fc.constantFrom(...PERIODS), heldMs }),
  fc.record({ kind: fc.constant('refund' as const), call: fc.nat(100) }),
  // Longer than a settlement that is late waits between its looks.
  fc.record({
    kind: fc.constant('block' as const),
    ...{ entity, heldMs: fc.integer({ min: 20, max: 120 }) },
  }),
)
const reap: fc.Arbitrary<Turn> = fc.record({ kind: fc.constant('reap'), node: fc.nat(1) })
const drop: fc.Arbitrary<Turn> = fc.record({ kind: fc.constant('drop') })

const lane = (turn: fc.Arbitrary<Turn>) => fc.array(turn, { minLength: 2, maxLength: 8 })
const settles = fc.oneof({ weight: 4, arbitrary: settle }, { weight: 1, arbitrary: late })
const node = fc.record({ moves: lane(move), settles: lane(settles) })
const drops = fc.array(drop, { maxLength: 1 })

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  nodes: fc.tuple(node, node),
  managers: fc.tuple(lane(manage), lane(manage), drops),
  reaps: fc.array(reap, { maxLength: 3 }),
})

/** A node begins by borrowing of everything while its first calls end: both lanes make the same holds. */
export const BORROWING: LaneTurn = {
  kind: 'move',
  asks: ALL.map((one) => ({ entity: one, units: 10, leave: false })),
  heldMs: 0,
}
const CALLS: readonly (readonly [key: number, account: number])[] = [
  [keyEntity(1), accountEntity(2)],
  [keyEntity(3), accountEntity(1)],
]
export const ENDING: LaneTurn = {
  kind: 'settle',
  calls: CALLS.map(([key, account]) => ({
    ...{ key, account, cost: 5, atMost: 5, unlimited: [false, false] as const, late: false },
    budgets: BUDGETS,
  })),
  heldMs: 0,
}
