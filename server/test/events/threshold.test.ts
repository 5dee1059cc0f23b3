import { expect, it } from 'vitest'
import { thresholdReached } from '../../src/events/threshold.ts'

const MOST = 1_000_000_000_000_000

it.each([
  [0, 100, undefined],
  [49, 100, undefined],
  [50, 100, 50],
  [79, 100, 50],
  [80, 100, 80],
  [99, 100, 80],
  [100, 100, 100],
  [250, 100, 100],
  // 7 / 100 * 100 is more than 7.
  [7, 7, 100],
  [3, 7, undefined],
  [4, 7, 50],
  [1, 1, 100],
  [0, 1, undefined],
  [MOST / 2 - 1, MOST, undefined],
  [MOST / 2, MOST, 50],
  [MOST - 1, MOST, 80],
  [MOST, MOST, 100],
])('%i of %i units is %s %%', (used, amount, reached) => {
  expect(thresholdReached(used, amount)).toBe(reached)
})
