import { Button, Text } from '@mantine/core'
import { IconKey, IconPlus, IconSearchOff } from '@tabler/icons-react'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type RefObject, useEffect, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Failure } from '../../ui/failure.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { usePages } from '../../ui/use-pages.ts'
import { keyColumns } from './key-columns.tsx'
import { KeyFilters } from './key-filters.tsx'
import type { KeyActions } from './key-menu-items.tsx'
import { type KeyQuery, type KeyRecord, keyPages } from './keys.ts'
import classes from './keys-screen.module.css'
import { SelectionBar } from './selection-bar.tsx'
import { useKeyActions } from './use-key-actions.tsx'
import { type Selection, useSelection } from './use-selection.ts'
import { useTellFailure } from './use-tell-failure.ts'

const route = getRouteApi('/shell/keys')
/** Rows of the skeleton, before anybody knows how many there are. */
const EXPECTED = 6

export function KeysScreen() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const query = route.useSearch()
  const keys = usePages(keyPages(query))
  const selection = useSelection(query, useTellFailure())
  const { actions, dialog, pending } = useKeyActions(selection.clear)
  const change = (next: KeyQuery) => {
    selection.clear()
    void navigate({ to: '/keys', search: next, replace: true })
  }
  // The focus goes back to where it came from, when that is on the screen again.
  const closed = useRef(false)
  useEffect(() => {
    closed.current = selection.isOpen
  }, [selection.isOpen])
  const isEmpty = keys.total === 0 && isWhole(query)
  return (
    <>
      <PageHeader
        title={t('keys.title')}
        lead={t('keys.lead')}
        action={isEmpty ? undefined : <CreateButton />}
      />
      {isEmpty ? null : (
        <div className={classes.tools}>
          {selection.isOpen || selection.selected.length > 0 ? (
            <SelectionBar
              selected={selection.selected}
              total={keys.total ?? 0}
              pending={pending}
              isComing={selection.isComing}
              isOpened={selection.isOpen}
              actions={actions}
              onSelectAll={selection.selectAll}
              onClear={selection.clear}
            />
          ) : (
            <>
              <KeyFilters query={query} onChange={change} />
              <Text size="sm" c="dimmed" role="status">
                {keys.total === undefined ? null : t('keys.count', { count: keys.total })}
              </Text>
              <SelectButton selection={selection} disabled={!keys.total} closed={closed} />
            </>
          )}
        </div>
      )}
      <KeyList keys={keys} query={query} selection={selection} actions={actions} />
      {dialog}
    </>
  )
}

/** Whether nothing is left out. */
const isWhole = ({ q, status, group }: KeyQuery): boolean =>
  q === undefined && status === undefined && group === undefined

interface KeyListProps {
  readonly keys: ReturnType<typeof usePages<KeyRecord>>
  readonly query: KeyQuery
  readonly selection: Selection
  readonly actions: KeyActions
}

function KeyList({ keys, query, selection, actions }: KeyListProps) {
  const { t } = useTranslation()
  const columns = useMemo(() => keyColumns(t, { selection, actions }), [t, selection, actions])
  if (keys.failure !== undefined) return <Failure failure={keys.failure} onRetry={keys.retry} />
  if (keys.total === 0) return isWhole(query) ? <NoKeys /> : <NoneFound query={query} />
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

interface SelectButtonProps {
  readonly selection: Selection
  readonly disabled: boolean
  /** Whether the bar that it opens was there just before. */
  readonly closed: RefObject<boolean>
}

/** On a phone, where boxes take room that names need. */
function SelectButton({ selection, disabled, closed }: SelectButtonProps) {
  const { t } = useTranslation()
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (closed.current) button.current?.focus()
  }, [closed])
  return (
    <Button
      ref={button}
      size="xs"
      variant="default"
      hiddenFrom="sm"
      disabled={disabled}
      onClick={selection.open}
    >
      {t('keys.select_several')}
    </Button>
  )
}

function CreateButton() {
  const { t } = useTranslation()
  return (
    <LinkButton to="/keys/new" leftSection={<IconPlus size={16} />}>
      {t('keys.create')}
    </LinkButton>
  )
}

function NoKeys() {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconKey size={28} stroke={1.5} />}
      title={t('keys.empty')}
      hint={t('keys.empty_hint')}
      action={<CreateButton />}
    />
  )
}

function NoneFound({ query: { q } }: { readonly query: KeyQuery }) {
  const { t } = useTranslation()
  return (
    <EmptyState
      icon={<IconSearchOff size={28} stroke={1.5} />}
      title={q === undefined ? t('keys.none_match') : t('keys.none_found', { words: q })}
      hint={t('keys.none_found_hint')}
    />
  )
}
