import type { Weakness } from './database.ts'
import type { Mode } from './profile.ts'
import { runSeeds } from './seeds.ts'

/** Worlds of one failover after the other notice some sooner, or alone. */
const modes: Partial<Record<Weakness, Mode>> = { 'former epochs': 'failovers' }

/** Seeds within which each weakness must be noticed. */
const MUTATION_SEEDS = 4_000

/** What the ledger's safety rests on, taken away one by one. */
export const weaknesses: Readonly<Record<Weakness, string>> = {
  epoch: 'a late statement of an ended epoch is applied',
  'epoch again': "an epoch's number is given again after a failover",
  'former epochs': 'a node that goes on under a new epoch leaves its former ones to themselves',
  seq: 'a repeated call is applied twice',
  dedupe: 'a late settlement that was written before is written again',
  fence: 'a node reserves although others may take it for dead',
  confiscation: 'what management takes of a hold stays in it',
  'cached budget': "a period is opened with what a node's cache says of the budget",
  'lost charge': 'a charge that a failover has lost is given back',
  'running budget': 'an update of a budget leaves the periods that run alone',
}

/** The seed that notices, or undefined when none of so many does. */
export async function caughtBy(weakness: Weakness): Promise<number | undefined> {
  const mode = modes[weakness]
  const failed = await runSeeds({ from: 1, count: MUTATION_SEEDS, weakness, mode })
  return failed?.seed
}
