import i18next from 'i18next'
import { formatChange, formatMoney, formatSum } from '../format/money.ts'
import { useLocale } from '../format/use-locale.ts'

interface MoneyProps {
  readonly units: number
  /** `change`: what came or went, with a sign. `sum`: one of several, to the cent. */
  readonly as?: keyof typeof WRITE
}

const WRITE = { amount: formatMoney, change: formatChange, sum: formatSum }

/** Quota units as dollars; the exact units are its title. */
export function Money({ units, as = 'amount' }: MoneyProps) {
  const locale = useLocale()
  return (
    <span
      title={i18next.t('ui.units', { count: units })}
      style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}
    >
      {WRITE[as](locale, units)}
    </span>
  )
}
