import type { Budget } from '../../src/budgets/budget.ts'
import { type Budgets, createBudgets } from '../../src/budgets/budgets.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import type { Clock } from '../../src/storage/lanes/clock.ts'
import { type Joined, joinLedger } from '../../src/storage/lanes/join-ledger.ts'
import type { Loans } from '../../src/storage/loans.ts'
import type { Database } from './database.ts'
import type { Network } from './network.ts'
import { NodeClock } from './node-clock.ts'
import { createNodeStore, type NodeStore } from './node-store.ts'
import { Owner, type World } from './world.ts'

export interface CachedKey {
  readonly account: number
  readonly budgets: readonly Budget[] | undefined
}

/** One life of one process: all it knows is gone with it. */
export interface Node {
  readonly owner: Owner
  readonly clock: NodeClock
  readonly ledger: Ledger
  readonly loans: Loans
  readonly store: NodeStore
  readonly joined: Joined
  readonly budgets: Budgets
  /** Its key cache, by key. */
  readonly keys: Map<number, CachedKey>
  /** Its clocks were both wrong: nothing can keep it from reserving too long. */
  misled: boolean
  /** It takes no new calls. */
  closing: boolean
  /** Its calls that wait for units. */
  asking: number
}

export interface Stage {
  readonly world: World
  readonly database: Database
  readonly network: Network
  /** Says to all nodes that management changed a balance. */
  readonly changed: (entity: number) => void
}

/** What a node that does not ask one of its clocks takes for the time. */
function weakened(clock: Clock, { weakness }: Database): Clock {
  const [wall, monotonic] = [() => clock.wall(), () => clock.monotonic()]
  const others = {
    after: (ms: number, call: () => void) => clock.after(ms, call),
    idly: (ms: number, call: () => void) => clock.idly(ms, call),
  }
  if (weakness === 'wall clock') return { ...others, wall: monotonic, monotonic }
  if (weakness === 'monotonic clock') return { ...others, wall, monotonic: wall }
  return clock
}

/** Starts a process; tells when it is one of the nodes. It tries until the database can be asked. */
export function startNode(stage: Stage, name: string, ready: (node: Node) => void): Owner {
  const { world, database, network, changed } = stage
  const owner = new Owner(name)
  const clock = new NodeClock(world, owner)
  const connection = network.connect(owner, clock)
  const facts = { name, url: '', version: '' }
  const log = {
    error: (detail: object, message: string) =>
      world.note(name, () => `${message} ${JSON.stringify(detail)}`),
  }
  const join = () => {
    joinLedger({ calls: connection.calls, facts, clock: weakened(clock, database), log }).then(
      (joined) => {
        const { loans } = joined
        const keys: Node['keys'] = new Map()
        const store = createNodeStore({ joined, connection, database, changed, keys })
        const now = () => Math.floor(clock.wall())
        const ledger = createSharedLedger({ store, loans, now, clock })
        const budgets = createBudgets({ store, ledger, now })
        world.note(name, () => `has joined as ${loans.epoch}`)
        const standing = { misled: false, closing: false, asking: 0 }
        ready({ owner, clock, ledger, loans, store, joined, budgets, keys, ...standing })
      },
      () => void clock.after(1_000, join),
    )
  }
  world.after(0, join, owner)
  return owner
}
