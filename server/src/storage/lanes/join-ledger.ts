import { CommitQueue, type Gathered, type Log } from '../commit-queue.ts'
import type { Loans } from '../loans.ts'
import type { Store } from '../store.ts'
import { type BatchAnswer, SETTLED } from '../wire.ts'
import { type Clock, machineClock } from './clock.ts'
import { type LaneSettled, type LedgerCalls, type NodeFacts, NotApplied } from './ledger-calls.ts'
import { createNode } from './node.ts'
import { createSettleBatches } from './settle-batches.ts'

export interface JoinParts {
  readonly calls: LedgerCalls
  readonly facts: NodeFacts
  readonly clock?: Clock
  readonly log?: Log | undefined
}

/** What a store gets from being one of many nodes. */
export interface Joined extends Pick<Store, 'settle' | 'healthy' | 'accepting'> {
  readonly loans: Loans
  /** Settles what waits, as long as `graceMs` allows; gives everything back and ends the epoch. */
  close(graceMs: number): Promise<void>
}

/** Makes this process one of the nodes that share a ledger. Rejects when the database can't be asked. */
export async function joinLedger(parts: JoinParts): Promise<Joined> {
  const { calls, log, clock = machineClock } = parts
  const node = await createNode({ ...parts, clock })
  const settleAll = createSettleBatches({ calls, node, clock, log })
  const queue = new CommitQueue({
    commit: (gathered) => commit(settleAll, gathered),
    onBalance: () => undefined,
    onChange: () => undefined,
    log,
    clock,
  })
  return {
    loans: node,
    settle: (settlement) => queue.settle(settlement),
    healthy: () => queue.healthy() && !node.fenced(),
    accepting: () => queue.accepting() && !node.fenced(),
    async close(graceMs) {
      await queue.close(graceMs)
      await node.close()
    },
  }
}

type SettleAll = ReturnType<typeof createSettleBatches>

async function commit(
  settleAll: SettleAll,
  { order, settlements }: Gathered,
): Promise<BatchAnswer> {
  // Their owners may change them from now on; what is sent twice must be the same both times.
  const fixed = settlements.map((settlement) => ({ ...settlement }))
  try {
    const settled = toNumbers(await settleAll(fixed))
    // The queue's probe, which is no write here: the empty call was the answer to its question.
    const writes = order.filter((part) => typeof part !== 'number').map(() => NOTHING_WRITTEN)
    return { durable: true, settled, writes, mended: [] }
  } catch (failure) {
    if (failure instanceof NotApplied) return { durable: false, because: failure.message }
    throw failure
  }
}

const NOTHING_WRITTEN = { done: true, rows: [], changed: [] } as const

function toNumbers(settled: readonly LaneSettled[]): Float64Array {
  const numbers = new Float64Array(settled.length * SETTLED)
  for (const [at, { charged, shortfall }] of settled.entries()) {
    numbers[at * SETTLED] = charged
    numbers[at * SETTLED + 1] = shortfall
  }
  return numbers
}
