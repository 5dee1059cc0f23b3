import { useTranslation } from 'react-i18next'
import { formatMoney } from '../format/money.ts'
import { useLocale } from '../format/use-locale.ts'

/** Quota units as dollars; the exact units are its title. */
export function Money({ units }: { readonly units: number }) {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <span
      title={t('ui.units', { count: units })}
      style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}
    >
      {formatMoney(locale, units)}
    </span>
  )
}
