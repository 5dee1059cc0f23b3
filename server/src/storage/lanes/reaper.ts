import type { Log } from '../commit-queue.ts'
import type { Clock } from './clock.ts'
import { type Lanes, type LedgerCalls, NotApplied } from './ledger-calls.ts'

export interface ReaperParts {
  readonly calls: Pick<LedgerCalls, 'lanes' | 'reap'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log?: Log | undefined
  /** The present epoch of the node that watches. */
  readonly own: () => number
}

/** A node whose lanes did not move for so long, by its observer's own clock, is dead. */
export const DEAD_MS = 15_000
/**
 * What one look can add to that. Looks come every two seconds; where the next answer took longer, the database may have
 * been away for all, and nobody could show that it lives. Four of them must see a node stand still, so that after the
 * database is back one whose last call still waits for its time-out of five seconds comes in time.
 */
const MOST_A_LOOK_MS = 4_000

interface Seen {
  readonly lanes: Lanes
  /** For how long the lanes were seen to stand still; never more than they did. */
  readonly stillMs: number
}

/** Watches the other nodes' lanes, and ends the epoch of one that stands still. */
export function createReaper({ calls, clock, log, own }: ReaperParts) {
  let seen = new Map<number, Seen>()
  let lookedAt = clock.monotonic()

  async function look(): Promise<void> {
    const all = await calls.lanes()
    // After the answer: what it says is older, so nobody is taken to have stood still for longer than it did.
    const at = clock.monotonic()
    const passed = Math.min(at - lookedAt, MOST_A_LOOK_MS)
    lookedAt = at
    const before = seen
    seen = new Map(
      all.map((lanes) => [lanes.epoch, follow(before.get(lanes.epoch), lanes, passed)]),
    )
    for (const { lanes, stillMs } of seen.values()) {
      if (stillMs >= DEAD_MS && lanes.epoch !== own()) await reap(lanes)
    }
  }

  async function reap(lanes: Lanes): Promise<void> {
    try {
      if (await calls.reap(lanes))
        log?.error({ epoch: lanes.epoch }, 'a node stood still: what it held was returned')
    } catch (failure) {
      // Somebody keeps a row that this one held units of: the next look tries again, and others need not wait for it.
      if (!(failure instanceof NotApplied)) throw failure
    }
  }

  return { look, nodes: () => Math.max(1, seen.size) }
}

function follow(before: Seen | undefined, lanes: Lanes, passed: number): Seen {
  const stands = before?.lanes.move === lanes.move && before.lanes.settle === lanes.settle
  return { lanes, stillMs: stands ? before.stillMs + passed : 0 }
}
