import { machineClock } from '../storage/lanes/clock.ts'
import type { Store } from '../storage/store.ts'
import type { Balances } from './balances.ts'
import { createRefund, type RefundClock } from './refund.ts'
import type { Books, Held } from './running-reservation.ts'
import type { Units } from './units.ts'
import type { WaitingRoom } from './waiting-room.ts'

export interface BooksParts {
  readonly store: Store
  readonly now: () => number
  readonly balances: Pick<Balances, 'hold' | 'leave'>
  readonly room: Pick<WaitingRoom, 'wake'>
  /** Brings more units of these to hand; absent where all there are are at hand. */
  readonly fetch?: (held: Held, need: number) => Promise<void>
  readonly clock?: RefundClock
}

/** What reservations ask for, and the counting of it. */
export function createBooks(parts: BooksParts) {
  const { store, now, balances, room, fetch, clock = machineClock } = parts
  const refund = createRefund(store, now, clock)
  let reservations = 0
  let units = 0
  let pending = 0
  let flushing: (() => void)[] = []

  const done = () => {
    if (--pending > 0) return
    for (const resolve of flushing) resolve()
    flushing = []
  }
  const leave = (held: Held, amount: number) => {
    reservations--
    if (held.length > 0) units -= amount
    for (const balance of held) balances.leave(balance, amount)
    for (const { entity } of held) room.wake(entity)
  }
  const books: Books = {
    accepting: () => store.accepting(),
    hold(held, more) {
      for (const balance of held) balance.reserved += more
      if (held.length > 0) units += more
      if (more < 0) for (const { entity } of held) room.wake(entity)
    },
    leave,
    fetch: (held, need) => fetch?.(held, need),
    begin() {
      pending++
    },
    settle: (settlement) => store.settle(settlement),
    settled(held, amount) {
      leave(held, amount)
      done()
    },
    refund(settlement) {
      pending++
      // What even retrying can't write: the process is ending, and the entry is missing from the books.
      refund(settlement).then(done, done)
    },
  }
  return {
    books,
    open(held: Held, amount: Units) {
      reservations++
      if (held.length > 0) units += amount
      for (const balance of held) balances.hold(balance, amount)
    },
    outstanding: () => ({ reservations, units }),
    flush: async () => {
      if (pending > 0) await new Promise<void>((resolve) => flushing.push(resolve))
    },
  }
}
