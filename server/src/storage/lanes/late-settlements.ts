import type { Settled, Settlement } from '../store.ts'
import { type Clock, pauseOn } from './clock.ts'
import { type LedgerCalls, NotApplied } from './ledger-calls.ts'
import type { Answered } from './settle-batches.ts'

export interface LateParts {
  readonly calls: Pick<LedgerCalls, 'locked'>
  readonly clock: Pick<Clock, 'after'>
  /** Settles all of these in one call, which waits for each row. */
  readonly settleAll: (settlements: readonly Settlement[]) => Promise<readonly Answered[]>
  /** Asks for one anew, behind the others. */
  readonly again: (settlement: Settlement) => Promise<Settled>
}

/** A balance that many nodes use is locked now and then, and soon free again. */
const LOOKS = 3
const BETWEEN_LOOKS_MS = 50

/**
 * Settles what was held under an epoch that has ended. It is charged to the balances themselves, of which somebody may
 * keep one locked: nobody waits for that one but its own calls, and least of all the node's lane.
 * @throws NotApplied when none of them can be settled now
 */
export function createLateSettling({ calls, clock, settleAll, again }: LateParts) {
  async function lockedOf(settlements: readonly Settlement[]): Promise<ReadonlySet<number>> {
    let locked = new Set(settlements.flatMap(partiesOf))
    for (let look = 0; look < LOOKS && locked.size > 0; look++) {
      if (look > 0) await pauseOn(clock, BETWEEN_LOOKS_MS)
      locked = new Set(await calls.locked([...locked]).catch(nothingSent))
    }
    return locked
  }

  return async (settlements: readonly Settlement[]): Promise<readonly Answered[]> => {
    const locked = await lockedOf(settlements)
    const mustWait = (settlement: Settlement) =>
      partiesOf(settlement).some((entity) => locked.has(entity))
    const free = settlements.filter((settlement) => !mustWait(settlement))
    if (free.length === 0 && settlements.length > 0) {
      const whose = [...locked].join(', ')
      throw new NotApplied(`somebody keeps the balances of ${whose} locked`, false, true)
    }
    const settled = await settleAll(free)
    let next = 0
    return settlements.map((one) => (mustWait(one) ? again(one) : (settled[next++] as Answered)))
  }
}

const partiesOf = ({ key, account, budgets }: Settlement): number[] => [key, account, ...budgets]

function nothingSent(failure: unknown): never {
  throw new NotApplied(String(failure), false)
}
