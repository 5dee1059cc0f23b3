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
      return costOfVideo(price, job)
    case 'batch':
      return costOfLines(price, job.lines ?? [])
    case 'response':
      return undefined
  }
}

const costOfVideo = (price: CompiledPrice, { size, seconds }: NonNullable<BatchLine['video']>) =>
  cost(pricedForSize(price, size), { ...NO_USAGE, seconds })

/** Each is a request of its own, rounded up by itself. */
function costOfLines(price: CompiledPrice, lines: readonly BatchLine[]): Units {
  const served = pricedFor(price, 'batch')
  let sum = 0
  for (const { expected, output, video } of lines) {
    const one =
      video === undefined
        ? boundOf(served, { ...expected, service: undefined }, output)
        : costOfVideo(price, video)
    sum = Math.min(sum + one, MOST_UNITS)
  }
  return units(sum)
}
