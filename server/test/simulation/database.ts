import type { BudgetWish } from '../../src/budgets/budget.ts'
import { STAMPS } from '../../src/storage/lanes/lane.ts'
import type { Lanes, Move, Moved, Recall } from '../../src/storage/lanes/ledger-calls.ts'
import type { Settlement } from '../../src/storage/store.ts'
import type { Change } from '../../src/storage/tables.ts'
import { Journal, Table } from './tables.ts'
import type { Weakness } from './weaknesses.ts'
import type { World } from './world.ts'

export interface BalanceRow {
  readonly remain: number
  readonly used: number
  readonly requests: number
}

export interface HoldRow extends BalanceRowOfHold {
  readonly epoch: number
  readonly entity: number
}

interface BalanceRowOfHold {
  readonly granted: number
  readonly spent: number
  readonly used: number
  readonly requests: number
}

/** A usage record, as far as the books need it. */
export interface UsageRow {
  readonly settlement: Settlement
  readonly charged: number
  readonly shortfall: number
}

/** What the row of a key or an account says of its budgets, and when it was written. */
export interface OwnerRow {
  readonly budgets: readonly BudgetWish[]
  readonly atMs: number
}

export type Lane = 'move' | 'settle'

/** Numbers of epochs are never given twice, whatever a failover makes the sequence forget. */
const EPOCH_SPAN = 2 ** 20

export const holdKey = (epoch: number, entity: number): string => `${epoch}/${entity}`
const NOTHING: BalanceRow = { remain: 0, used: 0, requests: 0 }

/** The tables that nodes share, and the transactions on them: what the functions of PostgreSQL do, line by line. */
export class Database {
  readonly journal = new Journal()
  /** Entities of which something has changed, since whoever judges them has cleared it. */
  readonly touched = new Set<number>()
  readonly #touch = (entity: number): void => void this.touched.add(entity)
  readonly balances = new Table<number, BalanceRow>(this.journal, this.#touch)
  readonly #holdsOf = new Map<number, Map<number, HoldRow>>()
  readonly holds = new Table<string, HoldRow>(this.journal, (_key, row, before) => {
    const { epoch, entity } = (row ?? before) as HoldRow
    this.#touch(entity)
    const ofEntity = this.#holdsOf.get(entity) ?? new Map<number, HoldRow>()
    this.#holdsOf.set(entity, ofEntity)
    if (row === undefined) ofEntity.delete(epoch)
    else ofEntity.set(epoch, row)
  })
  readonly lanes = new Table<number, Lanes>(this.journal)
  /** By request id: a second record of the same call is a mistake that must be seen. */
  readonly usage = new Table<string, readonly UsageRow[]>(this.journal)
  /** By entity: what entries say was granted, and what records say was charged to a finite balance. */
  readonly granted = new Table<number, number>(this.journal, this.#touch)
  readonly charged = new Table<number, number>(this.journal, this.#touch)
  /** What all nodes are told of, by numbers without gaps in the order of commits. */
  readonly changes = new Table<number, Change>(this.journal)
  /** What calls are corrected by, by its cause: once for each. */
  readonly corrections = new Table<string, number>(this.journal)
  /** Units of refunds, by their idempotency keys. */
  readonly refunds = new Table<string, number>(this.journal)
  /** Periods of budgets that have an entry which is no refund. */
  readonly opened = new Table<number, true>(this.journal)
  /** By entity: what refunds gave back. */
  readonly refunded = new Table<number, number>(this.journal)
  /** By key or account; those without a row were deleted. */
  readonly owners = new Table<number, OwnerRow>(this.journal)
  /** Periods that had used more than a new amount: what they have is not what is left of it. */
  readonly overdrawn = new Set<number>()
  /** By hold: what management took of it. */
  readonly confiscated = new Table<string, number>(this.journal, (key) =>
    this.#touch(Number(key.split('/')[1])),
  )
  /** Holds of which management ever took something. */
  readonly everConfiscated = new Set<string>()
  /** By kind and subject: when a change of it was last noted, whether a failover lost it or not. */
  readonly changedAt = new Map<string, number>()
  readonly recalls = new Map<number, { readonly at: number; readonly by: number }>()
  readonly weakness: Weakness | undefined
  readonly world: World
  /** Requests whose records a failover lost. */
  readonly lost = new Set<string>()
  /** Epochs that were there at a failover: what their nodes know may not be so. */
  readonly tainted = new Set<number>()
  /** Keys of refunds that a failover lost. */
  readonly lostRefunds = new Set<string>()
  /** By request id: what was ever charged, whether a failover lost it or not. */
  readonly everCharged = new Map<string, number>()
  up = true
  /** Connections end with it. */
  incarnation = 1
  readonly #epochs = new Table<'next', number>(this.journal)
  readonly #counter = new Table<'newest', number>(this.journal)

  constructor(world: World, weakness?: Weakness) {
    this.world = world
    this.weakness = weakness
  }

  register(former: readonly number[]): number {
    return this.journal.transact(() => {
      if (this.weakness !== 'former epochs') for (const epoch of former) this.#end(epoch)
      const next = this.#epochs.get('next') ?? 1
      this.#epochs.set('next', next + 1)
      const chance =
        this.weakness === 'epoch again' ? 0 : this.world.random.whole(1, EPOCH_SPAN - 1)
      const epoch = next * EPOCH_SPAN + chance
      this.lanes.set(epoch, { epoch, move: 0, settle: 0 })
      return epoch
    })
  }

  /** True: this call is the next. False: it was applied before. Undefined: the epoch is over. */
  advance(epoch: number, lane: Lane, seq: number): boolean | undefined {
    const lanes = this.lanes.get(epoch)
    if (lanes === undefined) return this.weakness === 'epoch' ? true : undefined
    const last = lanes[lane]
    if (last === seq - 1 || Math.floor(last / STAMPS) === Math.floor(seq / STAMPS) - 1) {
      this.lanes.set(epoch, { ...lanes, [lane]: seq })
      return true
    }
    if (last !== seq) return undefined
    return this.weakness === 'seq'
  }

  move({ epoch, seq, asks }: Move): readonly Moved[] | 'lost' {
    return this.journal.transact(() => {
      const next = this.advance(epoch, 'move', seq)
      if (next === undefined) return 'lost'
      if (next) for (const ask of asks) this.#moveOne(epoch, ask)
      return asks.flatMap(({ entity }) => this.#standing(epoch, entity))
    })
  }

  #moveOne(epoch: number, { entity, units, leave = false }: Move['asks'][number]): void {
    const balance = this.balances.get(entity)
    if (balance === undefined || (leave && this.weakness === 'idle kept')) return
    const key = holdKey(epoch, entity)
    const hold = this.holds.get(key)
    const free = hold === undefined ? 0 : hold.granted - hold.spent
    const moved = leave
      ? -free
      : units >= 0
        ? Math.min(units, balance.remain)
        : -Math.min(-units, free)
    if (moved !== 0 || leave) {
      this.balances.set(entity, {
        remain: balance.remain - moved,
        used: balance.used + (leave ? (hold?.used ?? 0) : 0),
        requests: balance.requests + (leave ? (hold?.requests ?? 0) : 0),
      })
    }
    if (leave) {
      this.holds.delete(key)
      this.confiscated.delete(key)
    } else if (hold !== undefined) {
      if (moved !== 0) this.holds.set(key, { ...hold, granted: hold.granted + moved })
    } else if (moved > 0) {
      this.holds.set(key, { epoch, entity, granted: moved, spent: 0, used: 0, requests: 0 })
    }
  }

  #standing(epoch: number, entity: number): Moved[] {
    const balance = this.balances.get(entity)
    if (balance === undefined) return []
    const own = this.holds.get(holdKey(epoch, entity))
    const isEmpty = balance.remain === 0 && (own?.granted ?? 0) === 0
    if (isEmpty && entity % 4 === 2 && this.opened.get(entity) !== true) return []
    let elsewhere = 0
    for (const hold of this.#holdsOf.get(entity)?.values() ?? [])
      if (hold.epoch !== epoch) elsewhere += hold.granted - hold.spent
    const { remain } = balance
    return [{ entity, granted: own?.granted ?? 0, spent: own?.spent ?? 0, remain, elsewhere }]
  }

  reap({ epoch, move, settle }: Lanes): boolean {
    return this.journal.transact(() => {
      const lanes = this.lanes.get(epoch)
      if (lanes === undefined || this.weakness === 'dead kept') return false
      const stands = lanes.move === move && lanes.settle === settle
      if (!stands && this.weakness !== 'living reaped') return false
      this.#end(epoch)
      return true
    })
  }

  #end(epoch: number): void {
    for (const [key, hold] of [...this.holds.rows()]) {
      if (hold.epoch !== epoch) continue
      const balance = this.balances.get(hold.entity) ?? NOTHING
      this.balances.set(hold.entity, {
        remain: balance.remain + hold.granted - hold.spent,
        used: balance.used + hold.used,
        requests: balance.requests + hold.requests,
      })
      this.holds.delete(key)
    }
    if (this.lanes.get(epoch) !== undefined) this.lanes.delete(epoch)
  }

  /** The number of the newest change. */
  get newest(): number {
    return this.#counter.get('newest') ?? 0
  }

  /** The last of a write, as `turnpike_write` does it. */
  note(changes: readonly Change[]): void {
    for (const change of changes) {
      const number = this.newest + 1
      this.#counter.set('newest', number)
      this.changes.set(number, change)
      this.changedAt.set(`${change.kind} ${change.subject}`, this.world.now)
    }
  }

  recall({ entities, by }: Recall): void {
    for (const entity of entities) this.recalls.set(entity, { at: this.world.now, by })
  }

  recalled(epoch: number): readonly number[] {
    const from = this.world.now - 1_000
    for (const [entity, { at }] of this.recalls) if (at <= from) this.recalls.delete(entity)
    return [...this.recalls].flatMap(([entity, { by }]) => (by === epoch ? [] : [entity]))
  }

  /** Told of every commit. */
  set onCommit(listener: () => void) {
    this.journal.onCommit = listener
  }

  /** In the order of epochs, as the functions of management lock them. */
  holdsOf(entity: number): HoldRow[] {
    const found = [...(this.#holdsOf.get(entity)?.values() ?? [])]
    return found.length < 2 ? found : found.sort((one, other) => one.epoch - other.epoch)
  }

  /** What an entity has in all, as `balance_now` says. */
  whole(entity: number): number {
    const lent = this.holdsOf(entity).reduce((sum, { granted, spent }) => sum + granted - spent, 0)
    return (this.balances.get(entity)?.remain ?? 0) + lent
  }

  /** The standby takes over, and never heard of the last commits. */
  failOver(count: number): number {
    const before = [...this.usage.rows()].map(([id]) => id)
    const refunds = [...this.refunds.rows()].map(([key]) => key)
    for (const [epoch] of this.lanes.rows()) this.tainted.add(epoch)
    const lost = this.journal.lose(count)
    for (const id of before) if (this.usage.get(id) === undefined) this.lost.add(id)
    for (const [epoch] of this.lanes.rows()) this.tainted.add(epoch)
    for (const key of refunds) if (this.refunds.get(key) === undefined) this.lostRefunds.add(key)
    this.incarnation++
    return lost
  }
}
