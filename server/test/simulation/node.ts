import type { Budget } from '../../src/budgets/budget.ts'
import { type Budgets, createBudgets } from '../../src/budgets/budgets.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import type { Clock } from '../../src/storage/lanes/clock.ts'
import { type Joined, joinLedger } from '../../src/storage/lanes/join-ledger.ts'
import { createListeners } from '../../src/storage/listeners.ts'
import type { Loans } from '../../src/storage/loans.ts'
import type { Store } from '../../src/storage/store.ts'
import type { Database } from './database.ts'
import type { Connection, Network } from './network.ts'
import { NodeClock } from './node-clock.ts'
import { startNodeFeed } from './node-feed.ts'
import { createNodeStore } from './node-store.ts'
import { Owner, type World } from './world.ts'

export interface CachedKey {
  readonly account: number
  readonly budgets: readonly Budget[] | undefined
  /** When its row was read. */
  readonly readAt: number
}

/** One life of one process: all it knows is gone with it. */
export interface Node {
  readonly owner: Owner
  readonly clock: NodeClock
  readonly ledger: Ledger
  readonly loans: Loans
  readonly store: Store
  readonly joined: Joined
  readonly budgets: Budgets
  /** Its key cache, by key. */
  readonly keys: Map<number, CachedKey>
  /** Its clocks were both wrong: nothing can keep it from reserving too long. */
  misled: boolean
  /** It takes no new calls. */
  closing: boolean
  /** It has settled all that it will. */
  ends: boolean
  /** Its calls that wait for units. */
  asking: number
}

export interface Stage {
  readonly world: World
  readonly database: Database
  readonly network: Network
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
  const { world, network } = stage
  const owner = new Owner(name)
  const clock = new NodeClock(world, owner)
  const connection = network.connect(owner, clock)
  const join = () => {
    openNode(stage, { owner, clock, connection }).then(
      (node) => {
        world.note(name, () => `has joined as ${node.loans.epoch}`)
        ready(node)
      },
      () => void clock.after(1_000, join),
    )
  }
  world.after(0, join, owner)
  return owner
}

interface Process extends Pick<Node, 'owner' | 'clock'> {
  readonly connection: Connection
}

/** As a store is opened, and the ledger on it: the feed first, so that nothing is missed. */
async function openNode(stage: Stage, process: Process): Promise<Node> {
  const { world, database } = stage
  const { owner, clock, connection } = process
  const { name } = owner
  const log = {
    error: (detail: object, message: string) =>
      world.note(name, () => `${message} ${JSON.stringify(detail)}`),
  }
  const listeners = createListeners(log)
  const { tellChange: onChange, tellBehind: onBehind } = listeners
  const feed = await startNodeFeed({ connection, database, clock, onChange, onBehind })
  const facts = { name, url: '', version: '' }
  const { calls } = connection
  const joining = joinLedger({ calls, facts, clock: weakened(clock, database), log })
  const joined = await joining.catch((failure: unknown) => {
    void feed.close()
    throw failure
  })
  const { loans } = joined
  const keys: Node['keys'] = new Map()
  const store = createNodeStore({ joined, connection, database, keys, listeners, feed })
  const now = () => Math.floor(clock.wall())
  const ledger = refusing(stage, createSharedLedger({ store, loans, now, clock }))
  const budgets = createBudgets({ store, ledger, now })
  const standing = { misled: false, closing: false, ends: false, asking: 0 }
  const node = { owner, clock, ledger, loans, store, joined, budgets, keys, ...standing }
  followChanges(node)
  return node
}

/** Weakened, it gives units back now and then and says that there were none. */
function refusing({ database, world, network }: Stage, ledger: Ledger): Ledger {
  if (database.weakness !== 'refused') return ledger
  return {
    ...ledger,
    async reserveSoon(payers, amount, signal) {
      const got = await ledger.reserveSoon(payers, amount, signal)
      if (isShort(got) || !network.troubled || !world.random.chance(0.02)) return got
      got.release()
      return { entity: 'key', balance: payers.key, reserved: true, available: 0 }
    },
  }
}

/** As the key cache does. */
function followChanges(node: Node): void {
  node.store.onChange(({ kind, subject }) => {
    if (kind === 'key') dropOwner(node, keyEntity(Number(subject)))
    if (kind === 'account') dropOwner(node, accountEntity(Number(subject)))
  })
  node.store.onBehind(() => {
    for (const [key, { account }] of [...node.keys]) {
      dropOwner(node, key)
      dropOwner(node, account)
    }
  })
}

/** The key cache of a node drops what is of this owner, as it does when its row was changed. */
export function dropOwner({ keys, budgets, ledger }: Node, owner: number): void {
  for (const [key, { account }] of keys) {
    if (key === owner || account === owner) keys.delete(key)
  }
  ledger.forget(owner)
  budgets.forget(owner)
}
