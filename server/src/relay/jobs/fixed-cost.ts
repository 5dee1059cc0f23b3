import type { BatchLine, JobAsked } from '../../dialects/dialect.ts'
import { MOST_UNITS, type Units, units } from '../../ledger/units.ts'
import { boundOf } from '../../prices/bound.ts'
import { type CompiledPrice, cost, pricedFor, pricedForSize } from '../../prices/price.ts'
import { NO_USAGE } from '../../usage/usage.ts'

/**
 * What a job is charged when it begins, where its call says that: what a video costs, and the most that a batch can.
 * `undefined`: it depends on what there is room for.
 */
export function fixedCost(price: CompiledPrice, job: JobAsked): Units | undefined {
  switch (job.kind) {
    case 'video':
      return cost(pricedForSize(price, job.size), { ...NO_USAGE, seconds: job.seconds })
    case 'batch':
      return costOfLines(pricedFor(price, 'batch'), job.lines ?? [])
    case 'response':
      return undefined
  }
}

/** Each is a request of its own, rounded up by itself. */
function costOfLines(price: CompiledPrice, lines: readonly BatchLine[]): Units {
  let sum = 0
  for (const { expected, output } of lines) {
    sum = Math.min(sum + boundOf(price, { ...expected, service: undefined }, output), MOST_UNITS)
  }
  return units(sum)
}
