/** Per cent of a budget at which people want to hear of it. */
const THRESHOLDS = [100, 80, 50] as const

export type Threshold = (typeof THRESHOLDS)[number]

/** The highest threshold that `used` has reached; `undefined` below the first. In units, 0 .. 2^53 - 1. */
export function thresholdReached(used: number, amount: number): Threshold | undefined {
  // A hundred times a budget can be beyond the exact integers.
  const hundredfold = BigInt(used) * 100n
  return THRESHOLDS.find((percent) => hundredfold >= BigInt(amount) * BigInt(percent))
}
