import type { Settlement } from '../store.ts'

/**
 * What a node asks of a ledger that many nodes share. Each call is one statement and one transaction of the database.
 * `move` and `settle` carry the number of their lane's call: `seq` must follow the last one that was applied. That one
 * number is heartbeat, fence and idempotency: a call that is sent again under its number changes nothing the second
 * time and is answered from what it did; under an `epoch` that has ended it is `lost`.
 *
 * A call that rejects with `NotApplied` certainly changed nothing, and its number is still free. One that rejects with
 * anything else may have been applied: send it again, as it was, under the same number.
 */
export interface LedgerCalls {
  /**
   * Registers a node. The epoch is a number that was never given before; both its lanes stand at 0. Every epoch that the
   * node had before ends with it, and returns what it holds.
   */
  register(node: NodeFacts, former: readonly number[]): Promise<number>
  move(call: Move): Promise<readonly Moved[] | 'lost'>
  settle(call: Settle): Promise<readonly LaneSettled[] | 'lost'>
  /** Every epoch that has not ended. */
  lanes(): Promise<readonly Lanes[]>
  /**
   * Ends an epoch and returns what it holds to the balances, unless one of its lanes has moved on since `lanes` was
   * read; false then.
   */
  reap(lanes: Lanes): Promise<boolean>
  /** Those of these entities whose balance somebody keeps locked at this moment. Waits for nobody. */
  locked(entities: readonly number[]): Promise<readonly number[]>
  /** Says to all nodes that one needs units which others hold and don't use. */
  recall(recall: Recall): Promise<void>
  /** Entities that were recalled in the last second, by others than this epoch. */
  recalled(by: number): Promise<readonly number[]>
  /** Told of recalls as they come, its own included. Some may never be told: see `recalled`. */
  onRecall(listener: (recall: Recall) => void): void
}

export interface Recall {
  readonly entities: readonly number[]
  /** The epoch of the node that needs them; 0 where a node of a former version does not say. */
  readonly by: number
}

/** What people see of a node in `/api/node/`. */
export interface NodeFacts {
  readonly name: string
  readonly url: string
  readonly version: string
}

export interface Move {
  readonly epoch: number
  readonly seq: number
  /** One for each entity. Empty: a heartbeat. */
  readonly asks: readonly Ask[]
}

/** A wish for one entity. 0 units: only look. */
export interface Ask {
  readonly entity: number
  /** Above 0: units to borrow, as many of them as are there. Below: units to give back, as many as are not spent. */
  readonly units: number
  /** Gives everything back that is not spent, and closes the hold. Only while no call holds units of it. */
  readonly leave?: boolean
}

/** How an entity stands after a move. */
export interface Moved {
  readonly entity: number
  /** Units that this epoch has borrowed, spent ones included; management may have taken some away. */
  readonly granted: number
  /** Of `granted`. */
  readonly spent: number
  /** Units that nobody has borrowed. */
  readonly remain: number
  /** Units that other epochs have borrowed and not spent. */
  readonly elsewhere: number
}

export interface Settle {
  readonly epoch: number
  readonly seq: number
  /** One whose units were held under an epoch that has ended is charged from the balances, and only once. */
  readonly settlements: readonly Settlement[]
}

export interface LaneSettled {
  readonly charged: number
  readonly shortfall: number
  /** What this epoch has spent of the hold, after the whole call. */
  readonly keySpent: number
  readonly accountSpent: number
  /** The same of the settlement's budgets, in their order. */
  readonly budgetsSpent: readonly number[]
}

/** How far an epoch's lanes are. */
export interface Lanes {
  readonly epoch: number
  readonly move: number
  readonly settle: number
}

/** The database answered that it changed nothing: the call's number is still free. */
export class NotApplied extends Error {
  override readonly name = 'NotApplied'
  /** It refused a value of the call itself (a record that no table takes), and not the time or the place. */
  readonly ofItsOwn: boolean
  /** Somebody keeps a row that it needs for longer than a call may wait. Others' rows may be free. */
  readonly inTheWay: boolean
  constructor(reason: string, ofItsOwn: boolean, inTheWay = false) {
    super(reason)
    this.ofItsOwn = ofItsOwn
    this.inTheWay = inTheWay
  }
}
