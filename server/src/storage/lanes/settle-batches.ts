import type { Log } from '../commit-queue.ts'
import { mend } from '../mend.ts'
import type { Settlement, UsageRecord } from '../store.ts'
import { NUMBERS, TEXTS } from '../wire.ts'
import { type Clock, pauseOn } from './clock.ts'
import { type LaneSettled, type LedgerCalls, NotApplied } from './ledger-calls.ts'
import type { LedgerNode } from './node.ts'

export interface SettleBatchesParts {
  readonly calls: Pick<LedgerCalls, 'settle'>
  readonly node: Pick<LedgerNode, 'settleLane' | 'spent'>
  readonly clock: Pick<Clock, 'after'>
  readonly log?: Log | undefined
}

/** Settlements of one call: a backlog after a bad hour goes in pieces. */
const MOST = 500
const RETRY_MS = 1_000

/**
 * Settles a batch in order, on the node's lane for it. What was not applied when an epoch ended is sent again under the
 * next one. A batch that the database refuses for a reason of its own is halved until the culprit stands alone: that
 * one is charged all the same, with what was odd about its record put right.
 * @throws NotApplied when the database refuses all, now; nothing of the rest was written then
 */
export function createSettleBatches({ calls, node, clock, log }: SettleBatchesParts) {
  async function send(settlements: readonly Settlement[]): Promise<readonly LaneSettled[]> {
    for (;;) {
      const answer = await node.settleLane.send((epoch, seq) =>
        calls.settle({ epoch, seq, settlements }).then((settled) => {
          if (settled !== 'lost') tellSpent(settlements, settled, epoch)
          return settled
        }),
      )
      if (answer !== 'lost') return answer
    }
  }

  function tellSpent(
    settlements: readonly Settlement[],
    settled: readonly LaneSettled[],
    epoch: number,
  ): void {
    for (const [at, { key, account, epoch: held }] of settlements.entries()) {
      const said = settled[at]
      if (said === undefined || held !== epoch) continue
      node.spent({ entity: key, spent: said.keySpent, epoch })
      node.spent({ entity: account, spent: said.accountSpent, epoch })
    }
  }

  async function halved(settlements: readonly Settlement[]): Promise<readonly LaneSettled[]> {
    try {
      return await send(settlements)
    } catch (failure) {
      if (!(failure instanceof NotApplied) || !failure.ofItsOwn) throw failure
      const half = settlements.length >> 1
      const [only] = settlements
      if (only !== undefined && half === 0) {
        log?.error({ because: failure.message }, 'a usage record had to be mended')
        return await send([mended(only)])
      }
      const first = await halved(settlements.slice(0, half))
      return [...first, ...(await surely(settlements.slice(half)))]
    }
  }

  /** Once a part is written the rest must follow: whoever sent the whole again would settle that part twice. */
  async function surely(settlements: readonly Settlement[]): Promise<readonly LaneSettled[]> {
    for (;;) {
      try {
        return await halved(settlements)
      } catch (failure) {
        if (!(failure instanceof NotApplied)) throw failure
      }
      await pauseOn(clock, RETRY_MS)
    }
  }

  return async (settlements: readonly Settlement[]): Promise<readonly LaneSettled[]> => {
    const settled = [...(await halved(settlements.slice(0, MOST)))]
    for (let at = MOST; at < settlements.length; at += MOST) {
      settled.push(...(await surely(settlements.slice(at, at + MOST))))
    }
    return settled
  }
}

/** The settlement with everything odd about its record put right. */
function mended(settlement: Settlement): Settlement {
  const record: Record<string, number | string> = { ...settlement.record }
  for (const name of NUMBERS) record[name] = mend(record[name] ?? 0, true)
  for (const name of TEXTS) record[name] = mend(record[name] ?? '', false)
  // Every column that a record has is in one of the two lists: the compiler checks both.
  return { ...settlement, record: record as unknown as UsageRecord }
}
