import type { Clock } from '../../storage/lanes/clock.ts'
import { createRecent } from '../balances.ts'
import { describeEntity, type Entity } from '../entity.ts'
import type { Payers } from '../ledger.ts'
import { follow, type Loan, newLoan, wholeOf } from './loan.ts'
import type { Did } from './mover.ts'

/** The loans of this node, by entity. */
export interface LoanBook {
  /** @throws when nobody made it known. */
  of(entity: Entity): Loan
  find(entity: Entity): Loan | undefined
  know(entity: Entity, remain: number): void
  forget(entity: Entity): void
  hold(loan: Loan, amount: number): void
  leave(loan: Loan, amount: number): void
  /**
   * A call of the entity was settled, and the database holds a row for it: also where nobody had to know it, because it
   * is unlimited. Who was counted and is idle goes back like the others.
   */
  counted(entity: Entity): Loan
  /** A call waits for units, or a move is under way: the entity stays known until it is let go, in every epoch. */
  keep(entity: Entity): void
  letGo(entity: Entity): void
  /** Changes were missed: what was seen of balances may be old. */
  doubt(): void
  /** The epoch ended: what was borrowed is void, and calls that hold units of it keep the old loans to themselves. */
  renew(): void
  /** Loans that nobody has used for so long, and of which there is something to give back. */
  idle(ms: number): readonly Loan[]
  /** A move was answered. */
  moved(loan: Loan, did: Did): void
}

export function createLoanBook(clock: Pick<Clock, 'monotonic'>): LoanBook {
  /** Those of which the database may hold a row: all that `idle` has to look at. */
  const open = new Set<Loan>()
  const { known, of, know, meet, drop, retire } = createKnown(clock, open)

  return {
    of,
    find: (entity) => known.get(entity),
    know: (entity, remain) => void know(entity, remain),
    forget(entity) {
      const loan = known.get(entity)
      if (loan === undefined) return
      loan.unwanted = true
      drop(loan)
    },
    hold(loan, amount) {
      setAside(loan, amount)
      open.add(loan)
    },
    leave(loan, amount) {
      giveUp(loan, amount)
      loan.usedAt = clock.monotonic()
    },
    counted(entity) {
      const loan = known.get(entity) ?? meet(entity)
      loan.usedAt = clock.monotonic()
      open.add(loan)
      return loan
    },
    keep: (entity) => keepOnce(of(entity), 1),
    letGo(entity) {
      const loan = of(entity)
      keepOnce(loan, -1)
      drop(loan)
    },
    doubt() {
      for (const loan of known.values()) {
        loan.seen = false
        loan.changes += 1
      }
    },
    renew() {
      open.clear()
      for (const [entity, loan] of known) {
        if (loan.unwanted && loan.keepers === 0) retire(loan)
        else known.set(entity, heirOf(loan, clock.monotonic()))
        follow(loan, { granted: loan.spent })
      }
    },
    idle: (ms) => [...open].filter(isIdleSince(clock.monotonic() - ms)),
    moved(loan, did) {
      if (known.get(loan.entity) !== loan) return
      // Borrowed for a call that could not use it, perhaps: nobody else would give it back. Management may have taken all
      // of it before the answer came: its row is there.
      if (loan.granted > 0 || did === 'asked') open.add(loan)
      else if (did === 'left' && loan.holders === loan.keepers) open.delete(loan)
    },
  }
}

/** The loans that may be asked for, and for a while what was left of those that may not any more. */
function createKnown(clock: Pick<Clock, 'monotonic'>, open: ReadonlySet<Loan>) {
  const known = new Map<Entity, Loan>()
  const recent = createRecent()

  function know(entity: Entity, remain: number): Loan {
    const loan = known.get(entity) ?? newLoan(entity, remain, clock.monotonic())
    // It was unlimited until now, perhaps, and only counted.
    if (loan.unwanted && !loan.seen && loan.granted === 0) loan.unlent = remain
    loan.unwanted = false
    known.set(entity, loan)
    return loan
  }

  /** Nobody may ask for units of it: it is gone when its row in the database is. */
  function meet(entity: Entity): Loan {
    const loan = newLoan(entity, 0, clock.monotonic())
    loan.unwanted = true
    known.set(entity, loan)
    return loan
  }

  /** A call that was authenticated before may still ask for units of it. */
  function retire(loan: Loan): void {
    known.delete(loan.entity)
    recent.set(loan.entity, wholeOf(loan))
  }

  return {
    known,
    know,
    meet,
    retire,
    of(entity: Entity): Loan {
      const loan = known.get(entity)
      if (loan !== undefined) return loan
      // Forgotten between a call's authentication and its reservation. The database says what is really left.
      const remain = recent.get(entity)
      if (remain !== undefined) return know(entity, remain)
      throw new Error(`the balance of ${describeEntity(entity)} is not known`)
    },
    drop(loan: Loan): void {
      // What is still on loan is given back first; then `moved` drops it.
      const isOver = loan.unwanted && loan.holders === 0 && !open.has(loan)
      if (isOver && known.get(loan.entity) === loan) retire(loan)
    },
  }
}

function setAside(loan: Loan, amount: number): void {
  loan.reserved += amount
  loan.peak = Math.max(loan.peak, loan.reserved)
  loan.holders += 1
}

function giveUp(loan: Loan, amount: number): void {
  loan.reserved -= amount
  loan.holders -= 1
}

function keepOnce(loan: Loan, more: 1 | -1): void {
  loan.holders += more
  loan.keepers += more
}

const isIdleSince =
  (before: number) =>
  ({ holders, usedAt }: Loan): boolean =>
    holders === 0 && usedAt <= before

/** The same entity under the next epoch, of which nothing is on loan yet; who waits for units of it waits on. */
function heirOf(loan: Loan, at: number): Loan {
  const heir = newLoan(loan.entity, wholeOf(loan), at)
  const { unwanted, keepers } = loan
  Object.assign(heir, { unwanted, keepers, holders: keepers })
  loan.holders -= keepers
  loan.keepers = 0
  return heir
}

/** The loans that hold units for these payers, in the order of checks: budgets, then the key, whose owner can mend it. */
export function finiteOf(book: LoanBook, payers: Payers): readonly Loan[] {
  const held: Loan[] = []
  for (const budget of payers.budgets) held.push(book.of(budget))
  if (!payers.keyUnlimited) held.push(book.of(payers.key))
  if (!payers.accountUnlimited) held.push(book.of(payers.account))
  return held
}
