/** Quota units of one US dollar, as `GET /api/status` says it; docs/quota.md fixes it. */
export const UNITS_PER_DOLLAR = 500_000

const CENTS = 2
/** One unit is 0.000002 dollars. */
const FINEST = 6

/** Units as dollars: cents, and as many more digits as an amount below a dollar needs. */
export function formatMoney(locale: string, units: number): string {
  const dollars = units / UNITS_PER_DOLLAR
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: CENTS,
    maximumFractionDigits: Math.abs(dollars) < 1 ? FINEST : CENTS,
  }).format(dollars)
}
