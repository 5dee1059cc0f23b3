import type { Settled, Settlement, UsageRecord } from '../storage/store.ts'
import { type Balance, freeOf } from './balances.ts'
import type { Payers, Reservation } from './ledger.ts'
import type { Units } from './units.ts'

/** What a reservation asks of its ledger. */
export interface Books {
  /** Holds `more` units (or fewer, when negative) for a call that goes on. */
  hold(held: Held, more: number): void
  /** The call is over: nothing is held, and no commit is waited for. */
  leave(held: Held, amount: number): void
  settle(settlement: Settlement): Promise<Settled>
  /** The settlement was answered, and the call is over. */
  settled(held: Held, amount: number): void
  /** Gives back what a settlement took. */
  refund(settlement: Settlement, charged: number): void
}

/** The finite balances of a call's payers: none, one or both. */
export type Held = readonly Balance[]

const NOTHING: Settled = { charged: 0, shortfall: 0, keyRemain: 0, accountRemain: 0 }

/** One running call's units. Whatever happens, they are settled or released once. */
export class RunningReservation implements Reservation {
  readonly #books: Books
  readonly #payers: Payers
  readonly #held: Held
  #amount: number
  #ended = false
  #renounced = false
  #settlement: { -readonly [K in keyof Settlement]: Settlement[K] } | undefined
  #settling: Promise<Settled> | undefined
  #settled: Settled | undefined

  constructor(books: Books, payers: Payers, held: Held, amount: Units) {
    this.#books = books
    this.#payers = payers
    this.#held = held
    this.#amount = amount
  }

  get amount(): Units {
    return this.#amount as Units
  }

  extend(total: Units): boolean {
    const more = total - this.#amount
    if (this.#ended || more > this.#free()) return false
    if (more > 0) this.#resize(total)
    return true
  }

  settle(cost: Units, record: UsageRecord): Promise<Settled> {
    if (this.#ended) return this.#settling ?? Promise.resolve(NOTHING)
    this.#ended = true
    // What was set aside and proves too little is filled up from free units; other calls' units stay theirs.
    this.#resize(Math.min(cost, this.#amount + this.#free()))
    this.#settlement = { ...this.#payers, record, cost, atMost: this.#amount }
    this.#settling = this.#books.settle(this.#settlement).then(
      (settled) => this.#written(settled),
      (failure: unknown) => {
        this.#books.settled(this.#held, this.#amount)
        throw failure
      },
    )
    return this.#settling
  }

  release(): void {
    if (this.#ended) return
    this.#ended = true
    this.#books.leave(this.#held, this.#amount)
    this.#amount = 0
  }

  renounce(): void {
    this.release()
    const settlement = this.#settlement
    if (this.#renounced || !settlement) return
    this.#renounced = true
    // Its caller has answered its client already.
    this.#settling?.catch(() => undefined)
    if (this.#settled) this.#refund(this.#settled)
    // The store reads it when its batch leaves. Has it left already, its answer tells what was taken.
    settlement.cost = 0
    settlement.record = { ...settlement.record, error_code: 'ledger_unavailable' }
  }

  #written(settled: Settled): Settled {
    this.#settled = settled
    // Asked for before the call counts as over: whoever flushes waits for it.
    if (this.#renounced) this.#refund(settled)
    this.#books.settled(this.#held, this.#amount)
    return settled
  }

  #refund({ charged }: Settled): void {
    if (this.#settlement && charged > 0) this.#books.refund(this.#settlement, charged)
  }

  #resize(amount: number): void {
    this.#books.hold(this.#held, amount - this.#amount)
    this.#amount = amount
  }

  #free(): number {
    return this.#held.reduce((least, balance) => Math.min(least, freeOf(balance)), Infinity)
  }
}
