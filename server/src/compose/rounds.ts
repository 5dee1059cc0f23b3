import { createSweep as createBudgetSweep } from '../budgets/sweep.ts'
import type { Outside } from '../compose.ts'
import { createLateCharges } from '../jobs/late-charges.ts'
import { createSweep as createJobSweep } from '../jobs/sweep.ts'
import { createSweep as createObjectSweep } from '../objects/sweep.ts'
import type { Settings } from '../settings/settings.ts'
import { createSweep as createSignInSweep } from '../sign-in/sweep.ts'
import type { Store } from '../storage/store.ts'
import { createNarrowSums } from '../usage/narrow-sums.ts'
import { createRetention } from '../usage/retention.ts'
import { createRollUp } from '../usage/roll-up.ts'
import type { Rounds } from '../usage/rounds.ts'
import { createTopDays } from '../usage/top-days.ts'

interface RoundsAsked {
  readonly store: Store
  readonly settings: Settings
  readonly outside: Outside
}

/** Starts what is done behind the calls: usage records are summed by the hour, and what has ended is deleted. */
export function startRounds(
  { store, settings, outside: { now, log } }: RoundsAsked,
  opened: AsyncDisposableStack,
): void {
  const failed = (what: string) => (error: unknown) =>
    log.warn({ reason: String(error) }, `${what}; the next round tries again`)
  const parts = { store, settings, now }
  const rounds: readonly Rounds[] = [
    createRollUp({ store, failed: failed('usage was not summed') }),
    createNarrowSums({ store, failed: failed('sums were not filled') }),
    createTopDays({ store, now, failed: failed('no lists of top keys were made') }),
    createRetention({ ...parts, failed: failed('old usage was not deleted') }),
    createBudgetSweep({ ...parts, failed: failed('old budgets were not deleted') }),
    createObjectSweep({ ...parts, failed: failed('objects that ended were not forgotten') }),
    createJobSweep({ ...parts, failed: failed('old jobs were not deleted') }),
    createLateCharges({ store, now, failed: failed('jobs charged twice were not looked for') }),
    createSignInSweep({ ...parts, failed: failed('sessions that ended were not deleted') }),
  ]
  for (const one of rounds) opened.defer(() => one.close())
}
