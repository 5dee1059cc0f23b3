import { formatRate } from '../../format/money.ts'
import { useLocale } from '../../format/use-locale.ts'

/** A price in dollars; a dash where there is none of its kind. */
export function Rate({ dollars }: { readonly dollars: number | undefined }) {
  const locale = useLocale()
  if (dollars === undefined) return <span style={{ color: 'var(--quiet)' }}>–</span>
  return (
    <span style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>
      {formatRate(locale, dollars)}
    </span>
  )
}
