import { numberFormat } from './formatters.ts'

/** A whole or broken number, with the reader's separators. */
export const formatQuantity = (locale: string, quantity: number): string =>
  numberFormat(locale, {}).format(quantity)

/** The same in few characters, such as 1.2M: for charts and tiles that have a title with the whole number. */
export const formatCompact = (locale: string, quantity: number): string =>
  numberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(quantity)

/** A share of one, such as 12.5 %: with as many digits as every other, so that they stand under each other. */
export const formatShare = (locale: string, share: number): string =>
  numberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(share)
