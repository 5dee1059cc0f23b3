declare const unit: unique symbol

/** Quota units: whole, 0 .. 10^15 where stored. 500 000 are one US dollar. */
export type Units = number & { readonly [unit]: 'units' }

export const UNITS_PER_DOLLAR = 500_000
export const MOST_UNITS = 1e15

/** Brands a whole number as units. @throws RangeError for fractions, negatives and sums beyond exact integers. */
export function units(amount: number): Units {
  if (!Number.isSafeInteger(amount) || amount < 0)
    throw new RangeError(`not an amount of units: ${amount}`)
  return amount as Units
}
