import { expect, it } from 'vitest'
import { caughtBy } from './mutations.ts'
import { runSeeds } from './seeds.ts'
import { runSeed } from './simulation.ts'
import { weaknesses } from './weaknesses.ts'

/** Some 20 ms of a processor each, and all processors take part. */
const SEEDS = 10_000
/** Worlds of one failover after the other, which are half as dear, and those in which nodes stand still: twice. */
const FAILOVER_SEEDS = 2_000
const STANDSTILL_SEEDS = 1_000
const AT_MOST_MS = 900_000

it('the same seed is the same world', async () => {
  const [first, second] = [await runSeed(7), await runSeed(7, { trace: true })]
  expect([second.steps, second.digest]).toEqual([first.steps, first.digest])
  expect(first.steps).toBeGreaterThan(1_000)
})

it(
  'no world of nodes, network and database breaks a rule of the ledger',
  async () => {
    const failed = await runSeeds({ from: 1, count: SEEDS })
    expect(failed, 'npm run simulate -- --seed N shows what happened').toBeUndefined()
  },
  AT_MOST_MS,
)

it(
  'nor does one in which failovers undo what came of the last one',
  async () => {
    const failed = await runSeeds({ from: 1, count: FAILOVER_SEEDS, mode: 'failovers' })
    expect(
      failed,
      'npm run simulate -- --mode failovers --seed N shows what happened',
    ).toBeUndefined()
  },
  AT_MOST_MS,
)

it(
  'nor does one in which busy nodes are out of reach for longer than they may reserve',
  async () => {
    const failed = await runSeeds({ from: 1, count: STANDSTILL_SEEDS, mode: 'standstills' })
    expect(
      failed,
      'npm run simulate -- --mode standstills --seed N shows what happened',
    ).toBeUndefined()
  },
  AT_MOST_MS,
)

const everyWeakness = Object.entries(weaknesses).map(([name, says]) => ({
  name: name as keyof typeof weaknesses,
  says,
}))

it.each(everyWeakness)(
  'it is noticed: $says',
  async ({ name }) => {
    expect(await caughtBy(name)).toBeDefined()
  },
  AT_MOST_MS,
)
