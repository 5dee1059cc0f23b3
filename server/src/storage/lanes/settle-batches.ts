import type { Log } from '../commit-queue.ts'
import { mend } from '../mend.ts'
import type { Settled, Settlement, UsageRecord } from '../store.ts'
import { NUMBERS, TEXTS } from '../wire.ts'
import { type Clock, pauseOn } from './clock.ts'
import { type LaneSettled, type LedgerCalls, NotApplied } from './ledger-calls.ts'
import type { LedgerNode } from './node.ts'

export interface SettleBatchesParts {
  readonly calls: Pick<LedgerCalls, 'settle'>
  readonly node: Pick<LedgerNode, 'settleLane' | 'spent' | 'epoch'>
  readonly clock: Pick<Clock, 'after'>
  readonly log?: Log | undefined
  /** Settles what was held under an epoch that has ended. Absent: it is settled like the rest. */
  readonly late?: (settlement: Settlement) => Promise<Settled>
}

/** How a settlement was answered, or that it is answered on its own. */
export type Answered = LaneSettled | Promise<Settled>

/** Settlements of one call: a backlog after a bad hour goes in pieces. */
const MOST = 500
const RETRY_MS = 1_000

/**
 * Settles a batch in order, on the node's lane for it. What was not applied when its epoch ended goes to `late`. A batch
 * that the database refuses for a reason of its own is halved until the culprit stands alone: that one is charged all the
 * same, with what was odd about its record put right.
 * @throws NotApplied when the database refuses all, now; nothing of the rest was written then
 */
export function createSettleBatches({ calls, node, clock, log, late }: SettleBatchesParts) {
  async function send(settlements: readonly Settlement[]): Promise<readonly Answered[]> {
    for (;;) {
      const answer = await node.settleLane.send((epoch, seq) =>
        calls.settle({ epoch, seq, settlements }).then((settled) => {
          if (settled !== 'lost') tellSpent(node, settlements, settled, epoch)
          return settled
        }),
      )
      if (answer !== 'lost') return answer
      if (late !== undefined) return settlements.map(late)
    }
  }

  async function halved(settlements: readonly Settlement[]): Promise<readonly Answered[]> {
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
  async function surely(settlements: readonly Settlement[]): Promise<readonly Answered[]> {
    for (;;) {
      try {
        return await halved(settlements)
      } catch (failure) {
        if (!(failure instanceof NotApplied)) throw failure
      }
      await pauseOn(clock, RETRY_MS)
    }
  }

  async function inPieces(settlements: readonly Settlement[]): Promise<readonly Answered[]> {
    const settled = [...(await halved(settlements.slice(0, MOST)))]
    for (let at = MOST; at < settlements.length; at += MOST) {
      settled.push(...(await surely(settlements.slice(at, at + MOST))))
    }
    return settled
  }

  return async (settlements: readonly Settlement[]): Promise<readonly Answered[]> => {
    const { epoch } = node
    const isLate = (settlement: Settlement) => settlement.epoch !== epoch
    if (late === undefined || !settlements.some(isLate)) return inPieces(settlements)
    const present = settlements.filter((settlement) => !isLate(settlement))
    // Late ones are handed on afterwards: where these are refused, all are asked for again.
    const settled = present.length === 0 ? [] : await inPieces(present)
    let next = 0
    return settlements.map((one) => (isLate(one) ? late(one) : (settled[next++] as Answered)))
  }
}

/** What this epoch has now spent of each party's hold. */
function tellSpent(
  node: Pick<LedgerNode, 'spent'>,
  settlements: readonly Settlement[],
  settled: readonly LaneSettled[],
  epoch: number,
): void {
  for (const [at, { key, account, budgets, epoch: held }] of settlements.entries()) {
    const said = settled[at]
    if (said === undefined || held !== epoch) continue
    node.spent({ entity: key, spent: said.keySpent, epoch })
    node.spent({ entity: account, spent: said.accountSpent, epoch })
    for (const [of, entity] of budgets.entries()) {
      node.spent({ entity, spent: said.budgetsSpent[of] ?? 0, epoch })
    }
  }
}

/** The settlement with everything odd about its record put right. */
function mended(settlement: Settlement): Settlement {
  const record: Record<string, number | string | null> = { ...settlement.record }
  for (const name of NUMBERS) record[name] = mend(record[name] ?? 0, true)
  for (const name of TEXTS) record[name] = mend(record[name] ?? '', false)
  // Every column that a record has is in one of the two lists: the compiler checks both.
  return { ...settlement, record: record as unknown as UsageRecord }
}
