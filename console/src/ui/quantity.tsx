import { formatCompact, formatQuantity } from '../format/quantity.ts'
import { useLocale } from '../format/use-locale.ts'

interface QuantityProps {
  readonly value: number
  /** In few characters, with the whole number as its title. */
  readonly compact?: boolean
}

/** A number in digits of one width, so that columns line up. */
export function Quantity({ value, compact = false }: QuantityProps) {
  const locale = useLocale()
  const whole = formatQuantity(locale, value)
  return (
    <span title={whole} style={{ fontVariantNumeric: 'tabular-nums' }}>
      {compact ? formatCompact(locale, value) : whole}
    </span>
  )
}
