import type { Clock } from '../../storage/lanes/clock.ts'
import { describeEntity, type Entity } from '../entity.ts'
import type { Payers } from '../ledger.ts'
import { follow, type Loan, newLoan } from './loan.ts'

/** The loans of this node, by entity. */
export interface LoanBook {
  /** @throws when nobody made it known. */
  of(entity: Entity): Loan
  find(entity: Entity): Loan | undefined
  know(entity: Entity, remain: number): void
  forget(entity: Entity): void
  hold(loan: Loan, amount: number): void
  leave(loan: Loan, amount: number): void
  /** The epoch ended: what was borrowed is void, and calls that hold units of it keep the old loans to themselves. */
  renew(): void
  /** Loans that nobody has used for so long, and of which there is something to give back. */
  idle(ms: number): readonly Loan[]
  /** Everything of it is back in the database. */
  closed(loan: Loan): void
}

export function createLoanBook(clock: Pick<Clock, 'monotonic'>): LoanBook {
  const known = new Map<Entity, Loan>()
  /** Those of which the database may hold a row: all that `idle` has to look at. */
  const open = new Set<Loan>()

  function drop(loan: Loan): void {
    // What is still on loan is given back first; then `closed` drops it.
    if (!loan.open && known.get(loan.entity) === loan) known.delete(loan.entity)
  }

  return {
    of(entity) {
      const loan = known.get(entity)
      if (loan === undefined)
        throw new Error(`the balance of ${describeEntity(entity)} is not known`)
      return loan
    },
    find: (entity) => known.get(entity),
    know(entity, remain) {
      const loan = known.get(entity)
      if (loan === undefined) known.set(entity, newLoan(entity, remain, clock.monotonic()))
      else loan.unwanted = false
    },
    forget(entity) {
      const loan = known.get(entity)
      if (loan === undefined) return
      loan.unwanted = true
      if (loan.holders === 0) drop(loan)
    },
    hold(loan, amount) {
      loan.reserved += amount
      loan.peak = Math.max(loan.peak, loan.reserved)
      loan.holders += 1
      loan.open = true
      open.add(loan)
    },
    leave(loan, amount) {
      loan.reserved -= amount
      loan.holders -= 1
      loan.usedAt = clock.monotonic()
    },
    renew() {
      open.clear()
      for (const [entity, loan] of known) {
        const whole = loan.remain + loan.unlent + loan.elsewhere
        if (loan.unwanted) known.delete(entity)
        else known.set(entity, newLoan(entity, whole, clock.monotonic()))
        follow(loan, { granted: loan.spent })
      }
    },
    idle(ms) {
      const before = clock.monotonic() - ms
      return [...open].filter(({ holders, usedAt }) => holders === 0 && usedAt <= before)
    },
    closed(loan) {
      if (loan.holders > 0) return
      open.delete(loan)
      if (loan.unwanted) drop(loan)
    },
  }
}

/** The loans that hold units for these payers. The key's first: its owner can mend it. */
export function finiteOf(book: LoanBook, payers: Payers): readonly Loan[] {
  const held: Loan[] = []
  if (!payers.keyUnlimited) held.push(book.of(payers.key))
  if (!payers.accountUnlimited) held.push(book.of(payers.account))
  return held
}
