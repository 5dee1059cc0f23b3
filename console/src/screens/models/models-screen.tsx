import { NativeSelect, Text } from '@mantine/core'
import { IconCpu, IconSearchOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '../../session/use-session.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { modelColumns } from './model-columns.tsx'
import { ModelDetails } from './model-details.tsx'
import { distinct, type Model, matches, modelsQuery, shownGroup } from './models.ts'
import classes from './models-screen.module.css'
import type { ModelsSearch } from './route.ts'

const route = getRouteApi('/shell/models')
/** Rows of the skeleton. */
const EXPECTED = 8

export function ModelsScreen() {
  const { t } = useTranslation()
  const { q = '', provider = '', group = '' } = route.useSearch()
  const models = useQuery(modelsQuery)
  const found = useMemo(
    () => models.data?.filter((model) => matches(model, { words: q, provider, group })),
    [models.data, q, provider, group],
  )
  return (
    <>
      <PageHeader title={t('models.title')} lead={t('models.lead')} />
      {models.data?.length === 0 ? null : <Tools models={models.data} found={found?.length} />}
      {models.isError ? (
        <Failure failure={models.error} onRetry={() => void models.refetch()} />
      ) : (
        <ModelList models={found} isNone={models.data?.length === 0} group={group} />
      )}
    </>
  )
}

interface ToolsProps {
  readonly models: readonly Model[] | undefined
  /** How many the filter leaves. */
  readonly found: number | undefined
}

function Tools({ models = [], found }: ToolsProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const search = route.useSearch()
  const set = (changed: ModelsSearch) => {
    const named = Object.entries({ ...search, ...changed }).filter(([, value]) => value !== '')
    void navigate({ to: '/models', search: Object.fromEntries(named), replace: true })
  }
  const providers = distinct(models.map(({ provider }) => provider))
  const groups = distinct(models.flatMap((model) => model.groups.map(({ name }) => name)))
  return (
    <div className={classes.tools}>
      <SearchField label={t('models.search')} words={search.q ?? ''} onSearch={(q) => set({ q })} />
      <NativeSelect
        aria-label={t('models.provider')}
        value={search.provider ?? ''}
        data={[{ value: '', label: t('models.all_providers') }, ...providers]}
        onChange={(event) => set({ provider: event.currentTarget.value })}
      />
      {groups.length < 2 ? null : (
        <NativeSelect
          aria-label={t('models.group')}
          value={search.group ?? ''}
          data={[{ value: '', label: t('models.all_groups') }, ...groups]}
          onChange={(event) => set({ group: event.currentTarget.value })}
        />
      )}
      <Text size="sm" c="dimmed" role="status" className={classes.count}>
        {found === undefined ? null : t('models.count', { count: found })}
      </Text>
    </div>
  )
}

interface ModelListProps {
  readonly models: readonly Model[] | undefined
  /** Whether there is none at all, with no filter. */
  readonly isNone: boolean
  readonly group: string
}

function ModelList({ models, isNone, group }: ModelListProps) {
  const { t } = useTranslation()
  const { group: own } = useSession()
  const [opened, setOpened] = useState<Model>()
  const columns = useMemo(
    () => modelColumns({ t, groupOf: (model) => shownGroup(model, group, own), onOpen: setOpened }),
    [t, group, own],
  )
  if (models?.length === 0) return <NoModels isNone={isNone} />
  return (
    <>
      <DataTable
        label={t('models.title')}
        columns={columns}
        count={models?.length ?? EXPECTED}
        rowAt={(index) => models?.[index]}
        rowKey={({ id }) => id}
      />
      <Text size="xs" c="dimmed" mt="sm">
        {t('models.price_note')}
      </Text>
      {opened === undefined ? null : (
        <ModelDetails
          model={opened}
          group={shownGroup(opened, group, own)}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  )
}

function NoModels({ isNone }: Pick<ModelListProps, 'isNone'>) {
  const { t } = useTranslation()
  const Icon = isNone ? IconCpu : IconSearchOff
  return (
    <EmptyState
      icon={<Icon size={28} stroke={1.5} />}
      title={isNone ? t('models.empty') : t('models.none_found')}
      hint={isNone ? t('models.empty_hint') : t('models.none_found_hint')}
    />
  )
}
