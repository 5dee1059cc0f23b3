import '@mantine/charts/styles.layer.css'
import { BarChart } from '@mantine/charts'
import { VisuallyHidden } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatMoney, UNITS_PER_DOLLAR } from '../../../format/money.ts'
import { useLocale } from '../../../format/use-locale.ts'
import { CHART_MARGIN, X_AXIS } from '../../../ui/chart-frame.ts'
import type { DayOfUse } from './usage.ts'

interface UsageChartProps {
  readonly days: readonly DayOfUse[]
  readonly height: number
}

/** Spend by day; the same as a table for whoever can't see it. */
export default function UsageChart({ days, height }: UsageChartProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  // Days are those of UTC, so they are named there: elsewhere they would be the day before.
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const rows = days.map(({ at, quota }) => ({
    day: day.format(at * 1000),
    spent: quota / UNITS_PER_DOLLAR,
    said: formatMoney(locale, quota),
  }))
  return (
    <>
      <div aria-hidden="true">
        <BarChart
          h={height}
          data={rows}
          dataKey="day"
          series={[{ name: 'spent', label: t('keys.spent'), color: 'var(--accent)' }]}
          valueFormatter={(dollars) => formatMoney(locale, Math.round(dollars * UNITS_PER_DOLLAR))}
          gridAxis="x"
          tickLine="none"
          barProps={{ radius: 2, isAnimationActive: false }}
          // What can't be seen is no stop of the keyboard: the table below says it.
          barChartProps={{ accessibilityLayer: false, margin: CHART_MARGIN }}
          xAxisProps={X_AXIS}
          yAxisProps={{ width: 84 }}
          tooltipAnimationDuration={0}
        />
      </div>
      <VisuallyHidden>
        <table>
          <caption>{t('keys.spent_by_day')}</caption>
          <tbody>
            {rows.map((row) => (
              <tr key={row.day}>
                <th scope="row">{row.day}</th>
                <td>{row.said}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </>
  )
}
