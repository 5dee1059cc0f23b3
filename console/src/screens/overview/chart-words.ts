import { useTranslation } from 'react-i18next'
import { formatMoney, formatSum } from '../../format/money.ts'
import { formatCompact, formatQuantity } from '../../format/quantity.ts'
import { useLocale } from '../../format/use-locale.ts'
import type { ChartShown } from './chart-series.ts'
import type { Measure } from './measures.ts'

/** Told apart by lightness, too, for whoever sees few colours; overview.module.css has them for both schemes. */
export const colorOf = ({ shown }: ChartShown, place: number): string =>
  place < shown.length ? `var(--series-${place + 1})` : 'var(--series-others)'

/** What the series are called, in the order of their values. */
export function useSeriesNames({ shown, others }: ChartShown): readonly string[] {
  const { t } = useTranslation()
  const names = shown.map(({ name, id }) => name || t('overview.unnamed', { id }))
  if (others === 0) return names
  const rest =
    others === undefined ? t('overview.all_others') : t('overview.others', { count: others })
  return [...names, rest]
}

/** Writes a value of the measure, with its unit. */
export function useMeasured(measure: Measure): (value: number) => string {
  const locale = useLocale()
  return (value) => (measure === 'spend' ? formatSum(locale, value) : formatQuantity(locale, value))
}

/** The same where there is little room: at an axis. */
export function useMeasuredShort(measure: Measure): (value: number) => string {
  const locale = useLocale()
  return (value) =>
    measure === 'spend' ? formatMoney(locale, value) : formatCompact(locale, value)
}
