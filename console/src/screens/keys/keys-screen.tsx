import { Button, Text } from '@mantine/core'
import { IconKey, IconSearchOff } from '@tabler/icons-react'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { usePages } from '../../ui/use-pages.ts'
import { keyColumns } from './key-columns.tsx'
import { fetchKeys, type KeyRecord } from './keys.ts'
import classes from './keys-screen.module.css'

const route = getRouteApi('/shell/keys')
/** Rows of the skeleton, before anybody knows how many there are. */
const EXPECTED = 6

export function KeysScreen() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { q: words = '' } = route.useSearch()
  const keys = usePages({
    key: ['keys', words],
    fetchPage: (page, signal) => fetchKeys(words, page, signal),
  })
  const search = (typed: string) =>
    void navigate({ to: '/keys', search: typed === '' ? {} : { q: typed }, replace: true })

  const isEmpty = keys.total === 0 && words === ''
  return (
    <>
      <PageHeader title={t('keys.title')} lead={t('keys.lead')} />
      {isEmpty ? null : (
        <div className={classes.tools}>
          <SearchField label={t('keys.search')} words={words} onSearch={search} />
          <Text size="sm" c="dimmed" role="status">
            {keys.total === undefined ? null : t('keys.count', { count: keys.total })}
          </Text>
        </div>
      )}
      <KeyList keys={keys} words={words} />
    </>
  )
}

interface KeyListProps {
  readonly keys: ReturnType<typeof usePages<KeyRecord>>
  readonly words: string
}

function KeyList({ keys, words }: KeyListProps) {
  const { t } = useTranslation()
  const columns = useMemo(() => keyColumns(t), [t])
  if (keys.failure !== undefined) return <Failure failure={keys.failure} onRetry={keys.retry} />
  if (keys.total === 0) return words === '' ? <NoKeys /> : <NoneFound words={words} />
  return (
    <DataTable
      label={t('keys.title')}
      columns={columns}
      count={keys.total ?? EXPECTED}
      rowAt={keys.rowAt}
      rowKey={({ id }) => id}
      onShow={keys.show}
    />
  )
}

function NoKeys() {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconKey size={28} stroke={1.5} />}
      title={t('keys.empty')}
      hint={t('keys.empty_hint')}
      action={
        <Button component="a" href="/docs">
          {t('keys.empty_action')}
        </Button>
      }
    />
  )
}

function NoneFound({ words }: { readonly words: string }) {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconSearchOff size={28} stroke={1.5} />}
      title={t('keys.none_found', { words })}
      hint={t('keys.none_found_hint')}
    />
  )
}
