import type { Log } from '../commit-queue.ts'
import { machineClock } from '../lanes/clock.ts'
import { joinLedger } from '../lanes/join-ledger.ts'
import type { NodeFacts, Recall } from '../lanes/ledger-calls.ts'
import { createLaneConnection } from './lane-connection.ts'
import { createLedgerCalls } from './ledger-calls.ts'
import { createRateExchange } from './rate-exchange.ts'

interface Joining {
  readonly url: string
  readonly facts: NodeFacts
  readonly log?: Log | undefined
}

/** Between whoever hears of recalls and whoever answers them, which is there only later. */
export function createRecalls() {
  const listeners: ((recall: Recall) => void)[] = []
  return {
    on: (listener: (recall: Recall) => void) => void listeners.push(listener),
    tell(recall: Recall) {
      for (const listener of listeners) listener(recall)
    },
  }
}

/** Joins the ledger and the rate limits that all nodes of this database share, over connections of their own. */
export async function joinSharedLedger(
  { url, facts, log }: Joining,
  onNotification: (listener: (recall: Recall) => void) => void,
) {
  const [moveLane, settleLane, others, rates] = [
    createLaneConnection(url),
    createLaneConnection(url),
    createLaneConnection(url),
    createLaneConnection(url),
  ]
  const calls = createLedgerCalls({
    ...{ moveLane: moveLane.run, settleLane: settleLane.run, others: others.run },
    ...{ clock: machineClock, onNotification },
  })
  const closeAll = () =>
    Promise.all([moveLane, settleLane, others, rates].map((one) => one.close()))
  const joined = await joinLedger({ calls, facts, log }).catch(async (failure: unknown) => {
    await closeAll()
    throw failure
  })
  return {
    ...joined,
    rateExchange: createRateExchange(rates.run, joined.loans),
    async close(graceMs: number) {
      // A database that is away keeps what is on loan until another node returns it.
      await joined.close(graceMs).catch(() => undefined)
      await closeAll()
    },
  }
}
