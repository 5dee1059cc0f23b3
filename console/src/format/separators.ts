/** What stands between thousands and before decimals, for fields in which numbers are typed. */
export function separators(locale: string): {
  readonly thousandSeparator: string
  readonly decimalSeparator: string
} {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(1_234_567.5)
  const partOf = (type: string) => parts.find((part) => part.type === type)?.value
  return {
    thousandSeparator: partOf('group') ?? ',',
    decimalSeparator: partOf('decimal') ?? '.',
  }
}
