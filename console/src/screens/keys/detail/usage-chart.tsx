import { VisuallyHidden } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatMoney, UNITS_PER_DOLLAR } from '../../../format/money.ts'
import { useLocale } from '../../../format/use-locale.ts'
import { BarChart } from '../../../ui/bar-chart.tsx'
import type { DayOfUse } from './usage.ts'

interface UsageChartProps {
  readonly days: readonly DayOfUse[]
  readonly height: number
}

/** Spend by day; the same as a table for whoever can't see it. */
export function UsageChart({ days, height }: UsageChartProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  // Days are those of UTC, so they are named there: elsewhere they would be the day before.
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const write = (units: number) => formatMoney(locale, units)
  const rows = days.map(({ at, quota }) => ({ label: day.format(at * 1000), quota }))
  return (
    <>
      <BarChart
        series={[{ name: t('keys.spent'), color: 'var(--accent)' }]}
        bars={rows.map(({ label, quota }) => ({ label, values: [quota] }))}
        height={height}
        unit={UNITS_PER_DOLLAR}
        parts
        write={write}
        writeShort={write}
      />
      <VisuallyHidden>
        <table>
          <caption>{t('keys.spent_by_day')}</caption>
          <tbody>
            {rows.map(({ label, quota }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{write(quota)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </>
  )
}
