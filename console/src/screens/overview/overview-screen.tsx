import { Skeleton } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { PeriodPicker } from '../../ui/period-picker.tsx'
import { ChartCard } from './chart-card.tsx'
import { FigureTiles } from './figure-tiles.tsx'
import classes from './overview.module.css'
import { balanceQuery, figuresQuery, STANDARD_PERIOD } from './overview.ts'
import type { Shown } from './route.ts'
import { TopList } from './top-list.tsx'

const route = getRouteApi('/shell/overview')

/** What the account's calls cost, how many there were and how they went. */
export function OverviewScreen() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const shown = route.useSearch()
  const account = useQuery(balanceQuery)
  const change = (next: Shown) => void navigate({ to: '/overview', search: next, replace: true })
  const isNew = account.data?.request_count === 0
  return (
    <>
      <PageHeader title={t('overview.title')} lead={t('overview.lead')} />
      {isNew ? (
        <NothingYet />
      ) : (
        <>
          <div className={classes.tools}>
            <PeriodPicker
              value={shown}
              standard={STANDARD_PERIOD}
              onChange={(period) => {
                const { period: _, from: _from, to: _to, ...rest } = shown
                change({ ...rest, ...period })
              }}
            />
          </div>
          <Content shown={shown} onChange={change} />
        </>
      )}
    </>
  )
}

interface ContentProps {
  readonly shown: Shown
  readonly onChange: (shown: Shown) => void
}

function Content({ shown, onChange }: ContentProps) {
  const figures = useQuery(figuresQuery(shown))
  const account = useQuery(balanceQuery)
  const failure = figures.error ?? account.error
  if (failure) {
    const retry = () => void Promise.all([figures.refetch(), account.refetch()])
    return <Failure failure={failure} onRetry={retry} />
  }
  if (figures.data === undefined || account.data === undefined) return <ContentSkeleton />
  return (
    <>
      <FigureTiles figures={figures.data} account={account.data} />
      <ChartCard shown={shown} onChange={onChange} />
      <div className={classes.columns}>
        <TopList shown={shown} by="model" />
        <TopList shown={shown} by="key" />
      </div>
    </>
  )
}

/** As high as what comes, so that nothing jumps. */
function ContentSkeleton() {
  const { t } = useTranslation()
  return (
    <div role="status" aria-busy="true" aria-label={t('ui.loading')}>
      <div className={classes.coming} style={{ height: 106 }}>
        <Skeleton height={12} width="30%" />
        <Skeleton height={20} width="60%" />
      </div>
      <div className={classes.coming} style={{ height: 404 }}>
        <Skeleton height={20} width={200} />
        <Skeleton height={280} />
      </div>
      <div className={classes.columns}>
        <div className={classes.coming} style={{ height: 240 }}>
          <Skeleton height={20} width={140} />
          <Skeleton height={140} />
        </div>
        <div className={classes.coming} style={{ height: 240 }}>
          <Skeleton height={20} width={140} />
          <Skeleton height={140} />
        </div>
      </div>
    </div>
  )
}

function NothingYet() {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconKey size={28} stroke={1.5} />}
      title={t('overview.empty')}
      hint={t('overview.empty_hint')}
      action={
        <LinkButton to="/keys/new" leftSection={<IconPlus size={16} />}>
          {t('overview.empty_action')}
        </LinkButton>
      }
    />
  )
}
