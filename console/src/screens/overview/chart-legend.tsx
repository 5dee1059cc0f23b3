import { useTranslation } from 'react-i18next'
import type { ChartShown } from './chart-series.ts'
import { colorOf, useMeasured, useSeriesNames } from './chart-words.ts'
import type { Measure } from './measures.ts'
import classes from './overview.module.css'

interface ChartLegendProps {
  readonly chart: ChartShown
  readonly measure: Measure
}

/** What each colour stands for, in the order of the bars, with its sum. */
export function ChartLegend({ chart, measure }: ChartLegendProps) {
  const { t } = useTranslation()
  const names = useSeriesNames(chart)
  const write = useMeasured(measure)
  const totals = names.map((_, place) =>
    chart.steps.reduce((sum, { values }) => sum + (values[place] ?? 0), 0),
  )
  return (
    <ul className={classes.legend} aria-label={t('overview.legend')}>
      {names.map((name, place) => (
        <li key={chart.shown[place]?.id ?? 'others'}>
          <span
            className={classes.swatch}
            style={{ background: colorOf(chart, place) }}
            aria-hidden="true"
          />
          <span className={classes.series} title={name}>
            {name}
          </span>
          <span className={classes.total}>{write(totals[place] ?? 0)}</span>
        </li>
      ))}
    </ul>
  )
}
