import { useTranslation } from 'react-i18next'
import { formatChange, formatMoney } from '../format/money.ts'
import { useLocale } from '../format/use-locale.ts'

interface MoneyProps {
  readonly units: number
  /** Of what came or went: with a sign. */
  readonly change?: boolean
}

/** Quota units as dollars; the exact units are its title. */
export function Money({ units, change = false }: MoneyProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <span
      title={t('ui.units', { count: units })}
      style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}
    >
      {change ? formatChange(locale, units) : formatMoney(locale, units)}
    </span>
  )
}
