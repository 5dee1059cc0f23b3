import { CommitQueue, type Log } from '../commit-queue.ts'
import type { Gathered } from '../gather.ts'
import type { Loans } from '../loans.ts'
import type { Settled, Settlement, Store } from '../store.ts'
import { type BatchAnswer, SETTLED } from '../wire.ts'
import { type Clock, machineClock } from './clock.ts'
import { createLateSettling } from './late-settlements.ts'
import { type LedgerCalls, type NodeFacts, NotApplied } from './ledger-calls.ts'
import { createNode } from './node.ts'
import { type Answered, createSettleBatches } from './settle-batches.ts'

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
  const toNode = { calls, node, clock, log }
  const late = createQueue(
    { clock, log },
    createLateSettling({
      ...{ calls, clock, settleAll: createSettleBatches(toNode) },
      again: (settlement) => settleLate(settlement),
    }),
  )
  const settleLate = (settlement: Settlement): Promise<Settled> => {
    const settled = late.settle(settlement)
    // Whoever is to be told may still wait for the rest of a batch.
    settled.catch(() => undefined)
    return settled
  }
  const queue = createQueue({ clock, log }, createSettleBatches({ ...toNode, late: settleLate }))
  return {
    loans: node,
    settle: (settlement) => (settlement.epoch === node.epoch ? queue : late).settle(settlement),
    healthy: () => queue.healthy() && !node.fenced(),
    accepting: () => queue.accepting() && !node.fenced(),
    async close(graceMs) {
      const until = clock.monotonic() + graceMs
      await queue.close(graceMs)
      // What it was too late for has gone over.
      await late.close(Math.max(until - clock.monotonic(), 0))
      await node.close()
    },
  }
}

type SettleAll = (settlements: readonly Settlement[]) => Promise<readonly Answered[]>

const createQueue = (
  parts: { readonly clock: Clock; readonly log: Log | undefined },
  settleAll: SettleAll,
): CommitQueue =>
  new CommitQueue({
    ...parts,
    commit: (gathered) => commit(settleAll, gathered),
    onBalance: () => undefined,
    onChange: () => undefined,
  })

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
    return { durable: true, ...settled, budgets: [], writes, mended: [] }
  } catch (failure) {
    if (failure instanceof NotApplied) return { durable: false, because: failure.message }
    throw failure
  }
}

const NOTHING_WRITTEN = { done: true, rows: [], changed: [] } as const

function toNumbers(answered: readonly Answered[]) {
  const settled = new Float64Array(answered.length * SETTLED)
  let apart: Map<number, Promise<Settled>> | undefined
  for (const [at, answer] of answered.entries()) {
    if (answer instanceof Promise) {
      apart ??= new Map()
      apart.set(at, answer)
      continue
    }
    settled[at * SETTLED] = answer.charged
    settled[at * SETTLED + 1] = answer.shortfall
  }
  return apart === undefined ? { settled } : { settled, apart }
}
