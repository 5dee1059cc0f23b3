import type { Mode } from './profile.ts'
import { runSeeds } from './seeds.ts'
import type { Weakness } from './weaknesses.ts'

/** Some are noticed sooner, or only, where that kind of trouble comes again and again. */
const modes: Partial<Record<Weakness, Mode>> = {
  'epoch again': 'failovers',
  'former epochs': 'failovers',
  'lost charge': 'failovers',
  behind: 'failovers',
  fence: 'standstills',
  'wall clock': 'standstills',
  'monotonic clock': 'standstills',
  'living reaped': 'standstills',
}

/** Seeds within which each weakness must be noticed. */
const MUTATION_SEEDS = 4_000

/** The seed that notices, or undefined when none of so many does. */
export async function caughtBy(weakness: Weakness): Promise<number | undefined> {
  const mode = modes[weakness]
  const failed = await runSeeds({ from: 1, count: MUTATION_SEEDS, weakness, mode })
  return failed?.seed
}
