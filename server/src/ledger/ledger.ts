import type { Compilable, Settled, Statement, UsageRecord } from '../storage/store.ts'
import type { Entity } from './entity.ts'
import type { Units } from './units.ts'

export type { Settled, UsageRecord }

/** Who pays for a call. Unlimited parties are counted, not held. */
export interface Payers {
  readonly key: Entity
  readonly account: Entity
  readonly keyUnlimited: boolean
  readonly accountUnlimited: boolean
  /** The running periods of their budgets; mostly none. Never unlimited. */
  readonly budgets: readonly Entity[]
}

export const NO_BUDGETS: readonly Entity[] = []

/** Why units could not be had: whose they are, and whether only running calls hold them. */
export interface Short {
  readonly entity: 'key' | 'account' | 'budget'
  readonly balance: Entity
  readonly reserved: boolean
  /** Units that could be had now. */
  readonly available: number
}

/** Units set aside for one running call. Exactly one of `settle` and `release` takes effect; later ones do nothing. */
export interface Reservation {
  readonly payers: Payers
  /** Units held now. */
  readonly amount: Units
  /** Takes more before a dearer attempt; false (and nothing taken) when it can't be had. At once when it is at hand. */
  extend(total: Units): boolean | Promise<boolean>
  /**
   * Charges `min(cost, what is left)` and writes the record, in one commit. Resolves when it is durable.
   * A cost above the reservation takes the difference from free units, never from other calls.
   */
  settle(cost: Units, record: UsageRecord): Promise<Settled>
  /**
   * The client was told that the call failed because its settlement took too long: it must cost nothing. Not yet
   * committed, it is written with cost 0 and `ledger_unavailable`; committed, it is refunded by an entry, and its figures are corrected.
   */
  renounce(): void
  /** The call cost nothing and leaves no usage record. */
  release(): void
}

export interface Ledger {
  /** Makes the payers' balances known in memory; synchronous later. Called by the key cache when it fills. */
  know(entity: Entity, remain: number): void
  knows(entity: Entity): boolean
  /** The key cache dropped its key: memory is freed once no call holds units of it. */
  forget(entity: Entity): void
  /** What the payers could reserve now: the least of them; Infinity when all are unlimited. */
  available(payers: Payers): number
  /** What they will have once running calls end without cost: remain, ignoring reservations. */
  remaining(payers: Payers): number
  /**
   * Who is short of `amount` for good, or only until calls end, in the order of checks (contract 3.1): budgets, key,
   * account. Takes nothing and asks nobody: `undefined` where only a reservation finds out.
   */
  lacks(payers: Payers, amount: Units): Short | undefined
  /**
   * Takes `amount`, or says who is short. At once when enough is at hand; where many nodes share the database, more may
   * have to be borrowed from it first. Never waits for running calls.
   * @throws Refused `ledger_unavailable` while the store does not accept new calls; a promise rejects with it.
   */
  reserve(payers: Payers, amount: Units): Reservation | Short | Promise<Reservation | Short>
  /**
   * Like `reserve`, but waits up to `waitMs` while only running calls hold the units; first come, first served.
   * Rejects with the signal's reason when it aborts.
   */
  reserveSoon(
    payers: Payers,
    amount: Units,
    signal: AbortSignal,
    waitMs?: number,
  ): Promise<Reservation | Short>
  /**
   * Management changes a balance: resolves with the new remainder, or undefined (nothing written) when it would leave
   * 0 .. 10^15. With an `idempotency` that was used before nothing is written, and the present remainder is answered.
   */
  adjust(change: BalanceChange): Promise<number | undefined>
  /** Units set aside by running calls, over all entities; for metrics and doctor. */
  outstanding(): { readonly reservations: number; readonly units: number }
  /** Resolves when everything settled so far is durable. */
  flush(): Promise<void>
}

/** The ledger of a process that owns its database: all there is is at hand. */
export interface OwnLedger extends Ledger {
  reserve(payers: Payers, amount: Units): Reservation | Short
}

export interface BalanceChange {
  readonly entity: Entity
  readonly delta: number
  readonly reason: string
  readonly actor: string
  readonly idempotency?: string
  /** Written in the same transaction, after the balance: audit, a remembered `Idempotency-Key`. */
  readonly also?: readonly (Statement | Compilable)[]
}
