import { numberFormat } from './formatters.ts'

/** Quota units of one US dollar, as `GET /api/status` says it; docs/quota.md fixes it. */
export const UNITS_PER_DOLLAR = 500_000

const UNITS_PER_CENT = UNITS_PER_DOLLAR / 100

const CENTS = 2
/** One unit is 0.000002 dollars. */
const FINEST = 6
/** Of what a second of sound costs, some digits come late. */
const FINEST_RATE = 8

/** Units as dollars: cents, and as many more digits as an amount below a dollar needs. */
export const formatMoney = (locale: string, units: number): string =>
  amount(locale, units).format(units / UNITS_PER_DOLLAR)

/** The same of a sum beside others: no more digits than cents, where it is worth one. */
export const formatSum = (locale: string, units: number): string =>
  inDollars(locale, Math.abs(units) < UNITS_PER_CENT ? FINEST : CENTS).format(
    units / UNITS_PER_DOLLAR,
  )

/** The same of what came or went, with a sign before either. */
export const formatChange = (locale: string, units: number): string =>
  amount(locale, units, { signDisplay: 'exceptZero' }).format(units / UNITS_PER_DOLLAR)

/** A price in dollars; none of its digits is left out, as many are paid at once. */
export const formatRate = (locale: string, dollars: number): string =>
  inDollars(locale, FINEST_RATE).format(dollars)

const amount = (locale: string, units: number, options: Intl.NumberFormatOptions = {}) =>
  inDollars(locale, Math.abs(units) < UNITS_PER_DOLLAR ? FINEST : CENTS, options)

const inDollars = (locale: string, digits: number, options: Intl.NumberFormatOptions = {}) =>
  numberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: CENTS,
    maximumFractionDigits: digits,
    ...options,
  })
