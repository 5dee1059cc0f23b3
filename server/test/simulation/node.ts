import type { Ledger } from '../../src/ledger/ledger.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { type Joined, joinLedger } from '../../src/storage/lanes/join-ledger.ts'
import type { Loans } from '../../src/storage/loans.ts'
import type { Database } from './database.ts'
import type { Network } from './network.ts'
import { NodeClock } from './node-clock.ts'
import { createNodeStore, type NodeStore } from './node-store.ts'
import { Owner, type World } from './world.ts'

/** One life of one process: all it knows is gone with it. */
export interface Node {
  readonly owner: Owner
  readonly clock: NodeClock
  readonly ledger: Ledger
  readonly loans: Loans
  readonly store: NodeStore
  readonly joined: Joined
  /** Its clocks were both wrong: nothing can keep it from reserving too long. */
  misled: boolean
  /** It takes no new calls. */
  closing: boolean
}

export interface Stage {
  readonly world: World
  readonly database: Database
  readonly network: Network
  /** Says to all nodes that management changed a balance. */
  readonly changed: (entity: number) => void
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
    joinLedger({ calls: connection.calls, facts, clock, log }).then(
      (joined) => {
        const { loans } = joined
        const { weakness } = database
        const store = createNodeStore({ joined, connection, database, weakness, changed })
        const ledger = createSharedLedger({ store, loans, now: () => clock.wall(), clock })
        world.note(name, () => `has joined as ${loans.epoch}`)
        const standing = { misled: false, closing: false }
        ready({ owner, clock, ledger, loans, store, joined, ...standing })
      },
      () => void clock.after(1_000, join),
    )
  }
  world.after(0, join, owner)
  return owner
}
