import { NativeSelect, SegmentedControl, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../ui/failure.tsx'
import { ChartLegend } from './chart-legend.tsx'
import { chartOf } from './chart-series.ts'
import { GROUPINGS, type Grouping, MEASURES, type Measure } from './measures.ts'
import classes from './overview.module.css'
import { seriesQuery, stepOf } from './overview.ts'
import type { Shown } from './route.ts'
import { UseChart } from './use-chart.tsx'

const CHART_PX = 280

interface ChartCardProps {
  readonly shown: Shown
  readonly onChange: (shown: Shown) => void
}

/** Use over time, by model, key or group. */
export function ChartCard({ shown, onChange }: ChartCardProps) {
  const { t } = useTranslation()
  return (
    <section className={classes.card} aria-labelledby="over-time">
      <div className={classes.head}>
        <Title order={2} id="over-time">
          {t('overview.over_time')}
        </Title>
        <ChartChoices shown={shown} onChange={onChange} />
      </div>
      <Chart shown={shown} />
    </section>
  )
}

function ChartChoices({ shown, onChange }: ChartCardProps) {
  const { t } = useTranslation()
  const { by = 'model', measure = 'spend' } = shown
  const step = stepOf(shown)
  // One of both is all there is for a day, or for half a year.
  const isFixed = stepOf({ ...shown, step: 'hour' }) === stepOf({ ...shown, step: 'day' })
  return (
    <div className={classes.choices}>
      <NativeSelect
        aria-label={t('overview.measure')}
        data={MEASURES.map((value) => ({ value, label: t(`overview.${value}`) }))}
        value={measure}
        onChange={({ currentTarget }) =>
          onChange({ ...shown, measure: currentTarget.value as Measure })
        }
      />
      <NativeSelect
        aria-label={t('overview.grouping')}
        data={GROUPINGS.map((value) => ({ value, label: t(`overview.by.${value}`) }))}
        value={by}
        onChange={({ currentTarget }) =>
          onChange({ ...shown, by: currentTarget.value as Grouping })
        }
      />
      <SegmentedControl
        aria-label={t('overview.step')}
        data={(['hour', 'day'] as const).map((value) => ({
          value,
          label: t(`overview.steps.${value}`),
          disabled: isFixed && value !== step,
        }))}
        value={step}
        onChange={(value) => onChange({ ...shown, step: value as 'hour' | 'day' })}
      />
    </div>
  )
}

function Chart({ shown }: { readonly shown: Shown }) {
  const { t } = useTranslation()
  const { by = 'model', measure = 'spend' } = shown
  const step = stepOf(shown)
  const { data, error, refetch } = useQuery(seriesQuery(shown, by, step))
  const chart = useMemo(
    () => data && chartOf(data, { by, measure, step }),
    [data, by, measure, step],
  )
  if (error) return <Failure failure={error} onRetry={() => void refetch()} />
  if (chart === undefined) return <Skeleton height={CHART_PX} />
  if (chart.shown.length === 0) {
    return (
      <Text size="sm" c="dimmed" className={classes.nothing} style={{ height: CHART_PX }}>
        {t('overview.no_use')}
      </Text>
    )
  }
  return (
    <>
      <UseChart chart={chart} measure={measure} step={step} height={CHART_PX} />
      <ChartLegend chart={chart} measure={measure} />
    </>
  )
}
