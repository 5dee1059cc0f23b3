import type { Settled, Settlement, UsageRecord } from '../storage/store.ts'
import { type Balance, freeOf } from './balances.ts'
import type { Payers, Reservation } from './ledger.ts'
import type { Units } from './units.ts'

/** What a reservation asks of its ledger. */
export interface Books {
  /** Whether the store takes new reservations now, or more units for one. */
  accepting(): boolean
  /** Holds `more` units (or fewer, when negative) for a call that goes on. */
  hold(held: Held, more: number): void
  /** The call is over: nothing is held, and no commit is waited for. */
  leave(held: Held, amount: number): void
  /** A settlement begins: it ends with `settled`. */
  begin(): void
  /** Brings more units to hand, as far as there are any; `undefined` where all there are are at hand. */
  fetch(held: Held, need: number): Promise<void> | undefined
  settle(settlement: Settlement): Promise<Settled>
  /** The settlement was answered, and the call is over. */
  settled(held: Held, amount: number): void
  /** Gives back what a settlement took, as the books say. */
  refund(settlement: Settlement): void
}

/** The finite balances of a call's payers: budgets, then key and account unless they are unlimited. */
export type Held = readonly Balance[]

type Changeable = { -readonly [K in keyof Settlement]: Settlement[K] }

/** `error_code` of the record of a call that was renounced before it was written. */
export const RENOUNCED = 'ledger_unavailable'
const NOTHING: Settled = { charged: 0, shortfall: 0 }

/** Whose units a call holds, and under which registration of this process. */
export interface Holding {
  readonly books: Books
  readonly payers: Payers
  readonly held: Held
  readonly epoch: number
}

/** One running call's units. Whatever happens, they are settled or released once. */
export class RunningReservation implements Reservation {
  readonly payers: Payers
  readonly #books: Books
  readonly #held: Held
  readonly #epoch: number
  #amount: number
  #ended = false
  #renounced = false
  #settlement: Changeable | undefined
  #settling: Promise<Settled> | undefined
  #settled: Settled | undefined

  constructor({ books, payers, held, epoch }: Holding, amount: Units) {
    this.#books = books
    this.payers = payers
    this.#held = held
    this.#epoch = epoch
    this.#amount = amount
  }

  get amount(): Units {
    return this.#amount as Units
  }

  extend(total: Units): boolean | Promise<boolean> {
    if (this.#ended) return false
    const more = total - this.#amount
    const fetching = more > this.#free() ? this.#books.fetch(this.#held, more) : undefined
    return fetching === undefined ? this.#grow(total) : fetching.then(() => this.#grow(total))
  }

  #grow(total: Units): boolean {
    const more = total - this.#amount
    if (this.#ended || more > this.#free()) return false
    if (more <= 0) return true
    // What a node holds may have been given to others meanwhile, as for a new reservation.
    if (!this.#books.accepting()) return false
    this.#resize(total)
    return true
  }

  settle(cost: Units, record: UsageRecord): Promise<Settled> {
    if (this.#ended) return this.#settling ?? Promise.resolve(NOTHING)
    this.#ended = true
    this.#books.begin()
    const more = cost - this.#amount
    const fetching = more > this.#free() ? this.#books.fetch(this.#held, more) : undefined
    this.#settling =
      fetching === undefined
        ? this.#write(cost, record)
        : fetching.then(() => this.#write(cost, record))
    return this.#settling
  }

  /** What was set aside and proves too little is filled up from free units; other calls' units stay theirs. */
  #write(cost: number, record: UsageRecord): Promise<Settled> {
    this.#resize(Math.min(cost, this.#amount + this.#free()))
    this.#settlement = {
      ...this.payers,
      epoch: this.#epoch,
      record,
      cost,
      atMost: this.#amount,
    }
    if (this.#renounced) this.#costNothing(this.#settlement)
    return this.#books.settle(this.#settlement).then(
      (settled) => this.#written(settled),
      (failure: unknown) => {
        this.#books.settled(this.#held, this.#amount)
        throw failure
      },
    )
  }

  release(): void {
    if (this.#ended) return
    this.#ended = true
    this.#books.leave(this.#held, this.#amount)
    this.#amount = 0
  }

  renounce(): void {
    this.release()
    if (this.#renounced || this.#settling === undefined) return
    this.#renounced = true
    // Its caller has answered its client already.
    this.#settling.catch(() => undefined)
    if (this.#settled) this.#refund(this.#settled)
    // The store reads it when its batch leaves. Has it left already, its answer tells what was taken.
    if (this.#settlement) this.#costNothing(this.#settlement)
  }

  #costNothing(settlement: Changeable): void {
    settlement.cost = 0
    settlement.record = { ...settlement.record, error_code: RENOUNCED }
  }

  #written(settled: Settled): Settled {
    this.#settled = settled
    // Asked for before the call counts as over: whoever flushes waits for it.
    if (this.#renounced) this.#refund(settled)
    this.#books.settled(this.#held, this.#amount)
    return settled
  }

  #refund({ charged }: Settled): void {
    if (this.#settlement && charged > 0) this.#books.refund(this.#settlement)
  }

  #resize(amount: number): void {
    this.#books.hold(this.#held, amount - this.#amount)
    this.#amount = amount
  }

  #free(): number {
    return this.#held.reduce((least, balance) => Math.min(least, freeOf(balance)), Infinity)
  }
}
