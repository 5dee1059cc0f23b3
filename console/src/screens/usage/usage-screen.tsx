import { Button, Group, Switch, Text } from '@mantine/core'
import { IconDownload, IconListDetails, IconSearchOff } from '@tabler/icons-react'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { callColumns } from './call-columns.tsx'
import { CallDrawer } from './call-drawer.tsx'
import { CallFilters } from './call-filters.tsx'
import type { CallQuery } from './route.ts'
import classes from './usage.module.css'
import { csvAddress } from './usage.ts'
import { useCalls } from './use-calls.ts'

const route = getRouteApi('/shell/usage')

/** Every call of the account, as it comes. */
export function UsageScreen() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const query = route.useSearch()
  const [isLive, setLive] = useState(false)
  const calls = useCalls(query, isLive)
  const { call, ...filters } = query
  const change = (next: CallQuery) => void navigate({ to: '/usage', search: next, replace: true })
  return (
    <>
      <PageHeader
        title={t('usage.title')}
        lead={t('usage.lead')}
        action={
          <Button
            component="a"
            href={csvAddress(filters)}
            download="usage.csv"
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            {t('usage.csv')}
          </Button>
        }
      />
      <CallFilters query={filters} onChange={change}>
        <Group gap="md">
          <Count total={calls.total} />
          <Switch
            label={t('usage.live')}
            title={t('usage.live_hint')}
            checked={isLive}
            onChange={({ currentTarget }) => setLive(currentTarget.checked)}
          />
        </Group>
      </CallFilters>
      <CallList
        calls={calls}
        filters={filters}
        onOpen={(requestId) => change({ ...filters, call: requestId })}
        onClear={() => change({})}
      />
      <CallDrawer requestId={call} onClose={() => change(filters)} />
    </>
  )
}

/** The API counts no further. */
const MOST_COUNTED = 100_000

function Count({ total }: { readonly total: number | undefined }) {
  const { t } = useTranslation()
  const word = total !== undefined && total >= MOST_COUNTED ? 'usage.at_least' : 'usage.count'
  return (
    <Text size="sm" c="dimmed" role="status" className={classes.count}>
      {total === undefined ? null : t(word, { count: total })}
    </Text>
  )
}

interface CallListProps {
  readonly calls: ReturnType<typeof useCalls>
  readonly filters: CallQuery
  readonly onOpen: (requestId: string) => void
  readonly onClear: () => void
}

function CallList({ calls, filters, onOpen, onClear }: CallListProps) {
  const { t } = useTranslation()
  const columns = useMemo(() => callColumns(t, onOpen), [t, onOpen])
  if (calls.failure !== undefined) return <Failure failure={calls.failure} onRetry={calls.retry} />
  if (calls.count === 0) {
    return Object.keys(filters).length === 0 ? <NoCalls /> : <NoneFound onClear={onClear} />
  }
  return (
    <DataTable
      label={t('usage.title')}
      columns={columns}
      count={calls.count}
      rowAt={calls.rowAt}
      rowKey={({ id }) => id}
      onShow={calls.show}
    />
  )
}

function NoCalls() {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconListDetails size={28} stroke={1.5} />}
      title={t('usage.empty')}
      hint={t('usage.empty_hint')}
      action={<LinkButton to="/keys/new">{t('usage.empty_action')}</LinkButton>}
    />
  )
}

function NoneFound({ onClear }: { readonly onClear: () => void }) {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconSearchOff size={28} stroke={1.5} />}
      title={t('usage.none_found')}
      hint={t('usage.none_found_hint')}
      action={
        <Button variant="default" onClick={onClear}>
          {t('usage.clear')}
        </Button>
      }
    />
  )
}
