import { Refused } from '../errors.ts'
import type { Store } from '../storage/store.ts'
import { type Balance, type Balances, createBalances, freeOf } from './balances.ts'
import { createBooks } from './books.ts'
import { createAdjust } from './entries.ts'
import type { OwnLedger, Payers, Reservation, Short } from './ledger.ts'
import { type Held, RunningReservation } from './running-reservation.ts'
import { createShortOf, leastOf } from './short.ts'
import type { Units } from './units.ts'
import { createWaitingRoom, isShort } from './waiting-room.ts'

export interface LedgerParts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const WAIT_MS = 500
/** One process owns the database: nothing is on loan, and so nothing ends. */
const NO_EPOCH = 0

/**
 * The ledger of one process that owns its database: units are set aside in memory, taken on disk. `remain` of every
 * balance follows the commits; what calls hold is `reserved` and dies with the process, so nothing is reclaimed later.
 */
export function createLedger({ store, now }: LedgerParts): OwnLedger {
  const balances = createBalances()
  const room = createWaitingRoom(take)
  const { books, open, outstanding, flush } = createBooks({ store, now, balances, room })

  store.onBalance((entity, remain) => {
    balances.follow(entity, remain)
    room.wake(entity)
  })

  function take(payers: Payers, amount: Units): Reservation | Short {
    const held = finiteOf(balances, payers)
    const short = shortOf(held, payers, amount)
    if (short) return short
    open(held, amount)
    return new RunningReservation({ books, payers, held, epoch: NO_EPOCH }, amount)
  }

  function reserve(payers: Payers, amount: Units): Reservation | Short {
    if (!store.accepting()) throw new Refused('ledger_unavailable')
    return take(payers, amount)
  }

  async function reserveSoon(
    payers: Payers,
    amount: Units,
    signal: AbortSignal,
    waitMs = WAIT_MS,
  ): Promise<Reservation | Short> {
    signal.throwIfAborted()
    if (room.hasQueue(payers)) {
      const short = shortOf(finiteOf(balances, payers), payers, amount)
      if (short && !short.reserved) return short
    } else {
      const got = reserve(payers, amount)
      if (!isShort(got) || !got.reserved) return got
    }
    // Should the key cache drop a payer meanwhile, its balance is still known when the turn comes.
    const wanted = finiteOf(balances, payers)
    for (const balance of wanted) balances.hold(balance, 0)
    try {
      return await room.wait({ payers, amount, signal, waitMs })
    } finally {
      for (const balance of wanted) balances.leave(balance, 0)
    }
  }

  return {
    know: balances.know,
    knows: balances.has,
    forget: balances.forget,
    available: (payers) => leastOf(finiteOf(balances, payers), freeOf),
    remaining: (payers) => leastOf(finiteOf(balances, payers), remainOf),
    lacks: (payers, amount) => shortOf(finiteOf(balances, payers), payers, amount),
    reserve,
    reserveSoon,
    adjust: createAdjust(store, now),
    outstanding,
    flush,
  }
}

/** The balances that hold units for these payers, in the order of checks: budgets, then the key, whose owner can mend it. */
function finiteOf(balances: Balances, payers: Payers): Held {
  const held: Balance[] = []
  for (const budget of payers.budgets) held.push(balances.of(budget))
  if (!payers.keyUnlimited) held.push(balances.of(payers.key))
  if (!payers.accountUnlimited) held.push(balances.of(payers.account))
  return held
}

const remainOf = ({ remain }: Balance): number => remain

const shortOf = createShortOf<Balance>({ whole: remainOf, free: freeOf, reach: freeOf })
