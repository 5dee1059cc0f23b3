import { describeEntity, type Entity } from './entity.ts'

/** What memory knows of one balance; below zero free when management took units that running calls hold. */
export interface Balance {
  readonly entity: Entity
  remain: number
  reserved: number
  /** Calls that hold units of it, wait for some, or whose settlement is not committed yet. */
  holders: number
  /** The key cache dropped it: memory follows with the last holder. */
  unwanted: boolean
}

export interface Balances {
  /** @throws when nobody made it known. */
  of(entity: Entity): Balance
  has(entity: Entity): boolean
  know(entity: Entity, remain: number): void
  /** A commit says what remains: the only truth. */
  follow(entity: Entity, remain: number): void
  forget(entity: Entity): void
  /** A call begins to hold units, or to wait for some. */
  hold(balance: Balance, amount: number): void
  /** The call holds nothing any more and waits for no commit. */
  leave(balance: Balance, amount: number): void
}

const MOST_RECENT = 10_000

export const freeOf = (balance: Balance): number => Math.max(0, balance.remain - balance.reserved)

/**
 * Balances in memory. A balance that is read from the database may be old by the time it arrives: a commit may have
 * overtaken the read. So what commits say about balances that are not known is remembered for a while, and wins.
 */
export function createBalances(): Balances {
  const known = new Map<Entity, Balance>()
  const recent = createRecent()

  function know(entity: Entity, remain: number): Balance {
    const present = known.get(entity)
    if (present) {
      present.unwanted = false
      return present
    }
    const balance = {
      entity,
      remain: recent.get(entity) ?? remain,
      reserved: 0,
      holders: 0,
      unwanted: false,
    }
    known.set(entity, balance)
    return balance
  }

  function drop({ entity, remain }: Balance): void {
    known.delete(entity)
    recent.set(entity, remain)
  }

  return {
    of(entity) {
      const balance = known.get(entity)
      if (balance) return balance
      // Forgotten between a call's authentication and its reservation.
      const remain = recent.get(entity)
      if (remain !== undefined) return know(entity, remain)
      throw new Error(`the balance of ${describeEntity(entity)} is not known`)
    },
    has: (entity) => known.has(entity),
    know: (entity, remain) => void know(entity, remain),
    follow(entity, remain) {
      const balance = known.get(entity)
      if (balance) balance.remain = remain
      else recent.set(entity, remain)
    },
    forget(entity) {
      const balance = known.get(entity)
      if (balance?.holders === 0) drop(balance)
      else if (balance) balance.unwanted = true
    },
    hold(balance, amount) {
      balance.reserved += amount
      balance.holders += 1
    },
    leave(balance, amount) {
      balance.reserved -= amount
      balance.holders -= 1
      if (balance.holders === 0 && balance.unwanted) drop(balance)
    },
  }
}

/** Two generations: bounded without a clock, and nothing leaves before MOST_RECENT others came. */
export function createRecent() {
  let young = new Map<Entity, number>()
  let old = new Map<Entity, number>()
  return {
    get: (entity: Entity) => young.get(entity) ?? old.get(entity),
    set(entity: Entity, remain: number) {
      if (young.size >= MOST_RECENT) {
        old = young
        young = new Map()
      }
      young.set(entity, remain)
    },
  }
}
