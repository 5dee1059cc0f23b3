import { onTestFinished } from 'vitest'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { type Clock, machineClock } from '../../src/storage/lanes/clock.ts'
import { joinLedger } from '../../src/storage/lanes/join-ledger.ts'
import { createLaneConnection } from '../../src/storage/postgres/lane-connection.ts'
import { createLedgerCalls, type RunArrays } from '../../src/storage/postgres/ledger-calls.ts'
import type { Nodes } from './nodes.ts'

/** One way to the database, on which calls may be kept waiting. */
export interface WatchedRun {
  /** Parameters of each call that was made, in their order. */
  readonly calls: (readonly unknown[])[]
  /** How many are on their way, and how many were at most. */
  inFlight: number
  most: number
  /** Calls wait from now on. */
  shut(): void
  /** Those that wait go on, and all that come. */
  open(): void
}

/** A node whose lanes are watched, as one more on the database of `nodes`; gone after the test, before they are. */
export async function joinWatched(nodes: Nodes, clock: Clock = machineClock) {
  const url = nodes.database.config.databaseUrl ?? ''
  const connections = [0, 1, 2].map(() => createLaneConnection(url))
  const [move, settle, others] = connections.map((one) => watched(one.run)) as [
    Watched,
    Watched,
    Watched,
  ]
  const calls = createLedgerCalls({
    ...{ moveLane: move.run, settleLane: settle.run, others: others.run, clock },
    onNotification: () => undefined,
  })
  const { close, ...joined } = await joinLedger({
    ...{ calls, clock },
    facts: { name: 'watched', url: '', version: '' },
  })
  const store = { ...nodes.at(0).store, ...joined }
  const ledger = createSharedLedger({ store, loans: joined.loans, now: Date.now, clock })
  onTestFinished(async () => {
    for (const one of [move, settle, others]) one.open()
    await ledger.flush()
    await close(5_000)
    await Promise.all(connections.map((one) => one.close()))
  })
  return { move, settle, others, loans: joined.loans, ledger }
}

type Watched = WatchedRun & { readonly run: RunArrays }

function watched(run: RunArrays): Watched {
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  const one: Watched = {
    ...{ calls: [], inFlight: 0, most: 0 },
    shut() {
      gate = Promise.withResolvers()
    },
    open: () => gate.resolve(),
    async run(sql, parameters) {
      one.calls.push(parameters)
      one.inFlight += 1
      one.most = Math.max(one.most, one.inFlight)
      try {
        await gate.promise
        return await run(sql, parameters)
      } finally {
        one.inFlight -= 1
      }
    },
  }
  return one
}
