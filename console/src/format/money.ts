/** Quota units of one US dollar, as `GET /api/status` says it; docs/quota.md fixes it. */
export const UNITS_PER_DOLLAR = 500_000

const CENTS = 2
/** One unit is 0.000002 dollars. */
const FINEST = 6
/** Of what a second of sound costs, some digits come late. */
const FINEST_RATE = 8

/** Units as dollars: cents, and as many more digits as an amount below a dollar needs. */
export function formatMoney(locale: string, units: number): string {
  const dollars = units / UNITS_PER_DOLLAR
  return inDollars(locale, dollars, Math.abs(dollars) < 1 ? FINEST : CENTS)
}

/** A price in dollars: none of its digits is left out, as many are paid at once. */
export const formatRate = (locale: string, dollars: number): string =>
  inDollars(locale, dollars, FINEST_RATE)

const inDollars = (locale: string, dollars: number, digits: number): string =>
  new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: CENTS,
    maximumFractionDigits: digits,
  }).format(dollars)
