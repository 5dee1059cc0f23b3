import type { JobAsked } from '../../dialects/dialect.ts'
import type { Units } from '../../ledger/units.ts'
import { type CompiledPrice, cost, pricedForSize } from '../../prices/price.ts'
import { NO_USAGE } from '../../usage/usage.ts'

/** What a job costs whose cost is known before it runs; `undefined`: it depends on what comes of it. */
export function fixedCost(price: CompiledPrice, job: JobAsked): Units | undefined {
  if (job.kind !== 'video') return undefined
  return cost(pricedForSize(price, job.size), { ...NO_USAGE, seconds: job.seconds })
}
