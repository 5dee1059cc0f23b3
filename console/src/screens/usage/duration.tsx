import { formatDuration } from '../../format/time.ts'
import { useLocale } from '../../format/use-locale.ts'

/** How long something took, with the milliseconds as its title. */
export function Duration({ ms }: { readonly ms: number }) {
  const locale = useLocale()
  return (
    <span title={`${ms} ms`} style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>
      {formatDuration(locale, ms)}
    </span>
  )
}
