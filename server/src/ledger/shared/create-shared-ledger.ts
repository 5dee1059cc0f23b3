import { Refused } from '../../errors.ts'
import { type Clock, machineClock } from '../../storage/lanes/clock.ts'
import type { Loans } from '../../storage/loans.ts'
import type { Store } from '../../storage/store.ts'
import { createRecent, freeOf } from '../balances.ts'
import { createBooks } from '../books.ts'
import type { Entity } from '../entity.ts'
import { createAdjust } from '../entries.ts'
import type { Ledger, Payers, Reservation, Short } from '../ledger.ts'
import { RunningReservation } from '../running-reservation.ts'
import { createShortOf, leastOf } from '../short.ts'
import type { Units } from '../units.ts'
import { createWaitingRoom } from '../waiting-room.ts'
import { follow, type Loan, wholeOf, withinReach } from './loan.ts'
import { createLoanBook, finiteOf, type LoanBook } from './loan-book.ts'
import { createMover, type Mover } from './mover.ts'
import { createTaking } from './taking.ts'

export interface SharedLedgerParts {
  readonly store: Store
  readonly loans: Loans
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly clock?: Clock
}

/** A loan that no call has used for so long is given back. */
const IDLE_MS = 3_000
const SWEEP_MS = 1_000

/**
 * The ledger of a node that shares its database: units are borrowed from the balances, set aside in memory, and settled
 * from what was borrowed. Who finds enough at hand asks nobody.
 */
export function createSharedLedger(parts: SharedLedgerParts): Ledger {
  const { store, loans, now, clock = machineClock } = parts
  const book = createLoanBook(clock)
  const room = createWaitingRoom(take, clock)
  const mover = createMover({
    loans,
    clock,
    loanOf: book.find,
    ...{ keep: book.keep, letGo: book.letGo, answered: book.moved },
    moved: (entities) => {
      for (const entity of entities) room.wake(entity)
    },
    fenced: () => !store.accepting(),
  })
  const { books, open, outstanding, flush } = createBooks({
    ...{ store, now, clock, balances: { hold, leave }, room },
    async fetch(held, need) {
      // What was held under an epoch that has ended is charged from what nobody borrowed: nothing must be taken of that.
      const present = held.filter((loan) => book.find(loan.entity) === loan)
      // What can't be had is shortfall.
      await Promise.all(
        present.map(({ entity }) => mover.bring(entity, need).catch(() => undefined)),
      )
    },
  })
  /** Changed while nobody here knew of them. */
  const changed = createRecent()
  followLoans(parts, book, { mover, room, unheard: (entity) => changed.set(entity, 0) })
  sweep(clock, book, mover)

  function hold(balance: { entity: Entity }, amount: number): void {
    book.hold(balance as Loan, amount)
  }
  function leave(balance: { entity: Entity }, amount: number): void {
    book.leave(balance as Loan, amount)
  }

  function take(payers: Payers, amount: Units): Reservation | Short {
    // Asked at the last moment: a process may have stood still while it waited for units.
    if (!store.accepting()) throw new Refused('ledger_unavailable')
    const held = finiteOf(book, payers)
    const short = shortOf(held, payers, amount)
    if (short) return short
    open(held, amount)
    return new RunningReservation({ books, payers, held, epoch: loans.epoch }, amount)
  }

  /** What was read may have been overtaken by a change of which no loan could hear: then it is asked for again. */
  function know(entity: Entity, remain: number): void {
    const isNew = book.find(entity) === undefined
    book.know(entity, remain)
    if (isNew && changed.get(entity) !== undefined) mover.look(entity).catch(() => undefined)
  }

  return {
    know,
    knows: (entity) => book.find(entity) !== undefined,
    forget: book.forget,
    available: (payers) => leastOf(finiteOf(book, payers), withinReach),
    remaining: (payers) => leastOf(finiteOf(book, payers), wholeOf),
    lacks(payers, amount) {
      const short = shortOf(finiteOf(book, payers), payers, amount)
      // What a cache said, or was seen before management changed it, is no reason to refuse.
      return short === undefined || book.find(short.balance)?.seen ? short : undefined
    },
    ...createTaking({ loans, clock, book, mover, room, take }),
    adjust: createAdjust(store, now),
    outstanding,
    flush,
  }
}

interface Followers {
  readonly mover: Mover
  readonly room: { wake(entity: Entity): void }
  /** A balance changed of which there is no loan. */
  readonly unheard: (entity: Entity) => void
}

/** Follows what the database, other nodes and management do to the loans. */
function followLoans(
  { store, loans }: SharedLedgerParts,
  book: LoanBook,
  { mover, room, unheard }: Followers,
): void {
  loans.onSpent(({ entity, spent, epoch }) => {
    if (epoch === loans.epoch) {
      const loan = book.counted(entity)
      // Less than before: the hold was given back meanwhile, and its answer is still on the way. It has no units then.
      follow(loan, { spent: Math.max(loan.spent, spent) })
    }
    room.wake(entity)
  })
  loans.onRecall((entities) => {
    for (const entity of entities) {
      const loan = book.find(entity)
      if (loan !== undefined && freeOf(loan) > 0) mover.giveBack(entity)
    }
  })
  loans.onLost(book.renew)
  store.onBehind(book.doubt)
  store.onChange(({ kind, subject }) => {
    if (kind !== 'balance') return undefined
    const entity = Number(subject)
    const loan = book.find(entity)
    if (loan === undefined) return unheard(entity)
    // The write's caller is answered when this node knows; one that can't ask now asks before it refuses anybody.
    loan.seen = false
    loan.changes += 1
    return mover.look(entity).catch(() => undefined)
  })
}

function sweep(clock: Clock, book: LoanBook, mover: Mover): void {
  const turn = () => {
    for (const { entity } of book.idle(IDLE_MS)) mover.leave(entity)
    clock.idly(SWEEP_MS, turn)
  }
  clock.idly(SWEEP_MS, turn)
}

const shortOf = createShortOf<Loan>({ whole: wholeOf, free: freeOf, reach: withinReach })
