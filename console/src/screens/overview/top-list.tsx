import { Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { formatShare } from '../../format/quantity.ts'
import { useLocale } from '../../format/use-locale.ts'
import { Failure } from '../../ui/failure.tsx'
import { LinkAnchor } from '../../ui/link-anchor.tsx'
import { Money } from '../../ui/money.tsx'
import { rank } from './chart-series.ts'
import { measured } from './measures.ts'
import classes from './overview.module.css'
import { type Series, seriesQuery, stepOf } from './overview.ts'
import type { Shown } from './route.ts'

const SHOWN = 5

interface TopListProps {
  readonly shown: Shown
  readonly by: 'model' | 'key'
}

/** What most was spent on, with its share; each leads to its calls. */
export function TopList({ shown, by }: TopListProps) {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery(seriesQuery(shown, by, stepOf(shown)))
  return (
    <section className={classes.card} aria-labelledby={`top-${by}`}>
      <Title order={2} id={`top-${by}`} mb="md">
        {t(`overview.top.${by}`)}
      </Title>
      {error ? (
        <Failure failure={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Skeleton height={160} />
      ) : (
        <Ranking points={data.points} shown={shown} by={by} />
      )}
    </section>
  )
}

/** What cost nothing is only shown where nothing cost anything. */
function spent(points: Series['points'], by: TopListProps['by']) {
  const ranked = rank(points, by, 'spend')
  const paid = ranked.filter(({ total }) => total > 0)
  return paid.length > 0 ? paid : ranked
}

interface RankingProps extends TopListProps {
  readonly points: Series['points']
}

function Ranking({ points, shown, by }: RankingProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const ranked = spent(points, by)
  const all = points.reduce((sum, point) => sum + measured(point, 'spend'), 0)
  if (ranked.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('overview.no_use')}
      </Text>
    )
  }
  const { period = '7d', from, to } = shown
  const time = { period, ...(from && { from }), ...(to && { to }) }
  return (
    <ol className={classes.ranking}>
      {ranked.slice(0, SHOWN).map(({ id, name, total }) => {
        const share = all === 0 ? 0 : total / all
        const label = name || t('overview.unnamed', { id })
        return (
          <li key={id}>
            <LinkAnchor
              to="/usage"
              search={by === 'model' ? { ...time, model: id } : { ...time, key: Number(id) }}
              size="sm"
              className={classes.series}
              title={label}
            >
              {label}
            </LinkAnchor>
            <span className={classes.total}>
              <Money units={total} as="sum" />
            </span>
            <span className={classes.share}>{formatShare(locale, share)}</span>
            <span className={classes.bar} aria-hidden="true">
              <span style={{ width: `${share * 100}%` }} />
            </span>
          </li>
        )
      })}
    </ol>
  )
}
