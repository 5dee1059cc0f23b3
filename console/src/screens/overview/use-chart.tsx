import { VisuallyHidden } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { UNITS_PER_DOLLAR } from '../../format/money.ts'
import { timeZone } from '../../format/preferences.ts'
import { useLocale } from '../../format/use-locale.ts'
import { BarChart } from '../../ui/bar-chart.tsx'
import type { ChartShown } from './chart-series.ts'
import { colorOf, useMeasured, useMeasuredShort, useSeriesNames } from './chart-words.ts'
import type { Measure } from './measures.ts'

interface UseChartProps {
  readonly chart: ChartShown
  readonly measure: Measure
  readonly step: 'hour' | 'day'
  readonly height: number
}

/** Stacked bars, and the same as a table for whoever can't see them. */
export function UseChart({ chart, measure, step, height }: UseChartProps) {
  const short = useMeasuredShort(measure)
  const write = useMeasured(measure)
  const names = useSeriesNames(chart)
  const when = useStepNames(step)
  return (
    <>
      <BarChart
        series={names.map((name, place) => ({ name, color: colorOf(chart, place) }))}
        bars={chart.steps.map(({ at, values }) => ({ label: when(at), values }))}
        height={height}
        unit={measure === 'spend' ? UNITS_PER_DOLLAR : 1}
        parts={measure === 'spend'}
        write={write}
        writeShort={short}
      />
      <ChartTable chart={chart} measure={measure} step={step} />
    </>
  )
}

/** Days are those of UTC, so they are named there: elsewhere they would be the day before. */
function useStepNames(step: 'hour' | 'day'): (seconds: number) => string {
  const locale = useLocale()
  const words = new Intl.DateTimeFormat(
    locale,
    step === 'day'
      ? { day: 'numeric', month: 'short', timeZone: 'UTC' }
      : { weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone: timeZone() },
  )
  return (seconds) => words.format(seconds * 1000)
}

/** Steps without use would only make it long. */
function ChartTable({ chart, measure, step }: Omit<UseChartProps, 'height'>) {
  const { t } = useTranslation()
  const write = useMeasured(measure)
  const names = useSeriesNames(chart)
  const when = useStepNames(step)
  const used = chart.steps.filter(({ values }) => values.some((value) => value > 0))
  return (
    <VisuallyHidden>
      <table>
        <caption>{t(`overview.${measure}`)}</caption>
        <thead>
          <tr>
            <th scope="col">{t(`overview.steps.${step}`)}</th>
            {names.map((name, place) => (
              <th key={chart.shown[place]?.id ?? 'others'} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {used.map(({ at, values }) => (
            <tr key={at}>
              <th scope="row">{when(at)}</th>
              {values.map((value, place) => (
                <td key={chart.shown[place]?.id ?? 'others'}>{write(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  )
}
