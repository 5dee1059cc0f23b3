import { Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../../ui/failure.tsx'
import { Money } from '../../../ui/money.tsx'
import { Quantity } from '../../../ui/quantity.tsx'
import classes from './detail.module.css'
import { DAYS, type DayOfUse, usageQuery } from './usage.ts'
import { UsageChart } from './usage-chart.tsx'

const CHART_PX = 180

/** What the key's calls came to lately. */
export function KeyUsage({ id }: { readonly id: number }) {
  const { t } = useTranslation()
  const { data: days, error, refetch } = useQuery(usageQuery(id))
  return (
    <section className={classes.card} aria-labelledby="usage">
      <Title order={2} id="usage">
        {t('keys.usage', { count: DAYS })}
      </Title>
      {error ? <Failure failure={error} onRetry={() => void refetch()} /> : <Usage days={days} />}
    </section>
  )
}

function Usage({ days }: { readonly days: readonly DayOfUse[] | undefined }) {
  const { t } = useTranslation()
  if (days === undefined) return <Skeleton height={CHART_PX + 56} />
  const sum = (value: (day: DayOfUse) => number) =>
    days.reduce((total, day) => total + value(day), 0)
  const requests = sum((day) => day.requests)
  if (requests === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('keys.no_usage')}
      </Text>
    )
  }
  return (
    <>
      <dl className={classes.totals}>
        <Total title={t('keys.spent')}>
          <Money units={sum((day) => day.quota)} />
        </Total>
        <Total title={t('keys.requests')}>
          <Quantity value={requests} />
        </Total>
        <Total title={t('keys.failed')}>
          <Quantity value={sum((day) => day.failed)} />
        </Total>
        <Total title={t('keys.tokens')}>
          <Quantity value={sum((day) => day.tokens)} />
        </Total>
      </dl>
      <UsageChart days={days} height={CHART_PX} />
    </>
  )
}

function Total({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  )
}
