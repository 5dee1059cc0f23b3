import { type Clock, machineClock } from '../storage/lanes/clock.ts'
import type { Entity } from './entity.ts'
import type { Payers, Reservation, Short } from './ledger.ts'
import type { Units } from './units.ts'

/** A call that wants units which running calls hold. */
interface Waiter {
  readonly payers: Payers
  readonly entities: readonly Entity[]
  readonly amount: Units
  /** Each of them ends the waiting, once. */
  readonly answer: (got: Reservation | Short) => void
  readonly fail: (failure: unknown) => void
}

export interface Wish {
  readonly payers: Payers
  readonly amount: Units
  readonly signal: AbortSignal
  readonly waitMs: number
}

export interface WaitingRoom {
  /** Whether somebody waits for units of these payers, who must be served first. */
  hasQueue(payers: Payers): boolean
  wait(wish: Wish): Promise<Reservation | Short>
  /** Units of this entity may have come free. */
  wake(entity: Entity): void
}

type Take = (payers: Payers, amount: Units) => Reservation | Short

/** Where calls wait for units, first come, first served for each entity. Costs nothing while nobody waits. */
export function createWaitingRoom(
  take: Take,
  clock: Pick<Clock, 'after'> = machineClock,
): WaitingRoom {
  const queues = new Map<Entity, Set<Waiter>>()

  function leave(waiter: Waiter): void {
    for (const entity of waiter.entities) {
      const queue = queues.get(entity)
      queue?.delete(waiter)
      if (queue?.size === 0) queues.delete(entity)
    }
  }

  function wake(entity: Entity): void {
    const queue = queues.get(entity)
    if (!queue) return
    // A copy: who is served leaves the queue, and that wakes others.
    for (const waiter of [...queue]) {
      if (!queue.has(waiter)) continue
      const got = tryTaking(waiter)
      if (got === undefined) continue
      if (!isShort(got) || !got.reserved) waiter.answer(got)
      // Units of this entity are short: nobody behind may overtake. Short of another's: that one's queue decides.
      else if (got.balance === entity) return
    }
  }

  /** Nothing is to be had at all when it throws, which is its caller's business and nobody else's. */
  function tryTaking({ payers, amount, fail }: Waiter): Reservation | Short | undefined {
    try {
      return take(payers, amount)
    } catch (failure) {
      fail(failure)
      return undefined
    }
  }

  function wait({ payers, amount, signal, waitMs }: Wish): Promise<Reservation | Short> {
    return new Promise((resolve, reject) => {
      const end = () => {
        stop()
        signal.removeEventListener('abort', abort)
        leave(waiter)
        // Whoever stood behind may be content with less.
        for (const entity of waiter.entities) queueMicrotask(() => wake(entity))
      }
      const answer = (got: Reservation | Short) => {
        end()
        resolve(got)
      }
      const fail = (failure: unknown) => {
        end()
        reject(failure)
      }
      const abort = () => fail(signal.reason)
      const stop = clock.after(waitMs, () => {
        const got = tryTaking(waiter)
        if (got !== undefined) answer(got)
      })
      const waiter: Waiter = { payers, entities: finite(payers), amount, answer, fail }
      signal.addEventListener('abort', abort, { once: true })
      for (const entity of waiter.entities) {
        const queue = queues.get(entity) ?? new Set()
        queues.set(entity, queue.add(waiter))
      }
    })
  }

  return {
    hasQueue: (payers) => queues.size > 0 && finite(payers).some((entity) => queues.has(entity)),
    wait,
    wake,
  }
}

/** Whether units could not be had. */
export function isShort(got: Reservation | Short): got is Short {
  return 'reserved' in got
}

function finite(payers: Payers): Entity[] {
  const entities = [...payers.budgets]
  if (!payers.keyUnlimited) entities.push(payers.key)
  if (!payers.accountUnlimited) entities.push(payers.account)
  return entities
}
