import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { SearchField } from '../../ui/search-field.tsx'
import { groupsQuery, type KeyQuery, type KeySort, SORTS } from './keys.ts'
import classes from './keys-screen.module.css'

interface KeyFiltersProps {
  readonly query: KeyQuery
  readonly onChange: (query: KeyQuery) => void
}

const STATES = { 1: 'enabled', 2: 'disabled', 3: 'expired', 4: 'exhausted' } as const

/** Which keys the list shows, and in which order. */
export function KeyFilters({ query, onChange }: KeyFiltersProps) {
  const { t } = useTranslation()
  const { data: groups = {} } = useQuery(groupsQuery)
  const { q, status, group, sort = 'created', ...none } = query
  const rest = {
    ...none,
    ...(q !== undefined && { q }),
    ...(status !== undefined && { status }),
    ...(group !== undefined && { group }),
    ...(sort !== 'created' && { sort }),
  }
  const without = (name: keyof KeyQuery) =>
    Object.fromEntries(Object.entries(rest).filter(([key]) => key !== name))
  return (
    <div className={classes.filters}>
      <SearchField
        label={t('keys.search')}
        words={q ?? ''}
        onSearch={(words) => onChange({ ...without('q'), ...(words !== '' && { q: words }) })}
      />
      <Select
        aria-label={t('keys.status')}
        placeholder={t('keys.any_status')}
        data={Object.entries(STATES).map(([value, word]) => ({ value, label: t(`keys.${word}`) }))}
        value={status === undefined ? null : String(status)}
        clearable
        clearButtonProps={{ 'aria-label': t('keys.any_status') }}
        onChange={(value) =>
          onChange({ ...without('status'), ...(value !== null && { status: Number(value) }) })
        }
      />
      <Select
        aria-label={t('keys.group')}
        placeholder={t('keys.any_group')}
        data={Object.keys(groups)}
        value={group ?? null}
        clearable
        clearButtonProps={{ 'aria-label': t('keys.any_group') }}
        onChange={(value) =>
          onChange({ ...without('group'), ...(value !== null && { group: value }) })
        }
      />
      <Select
        className={classes.sort}
        aria-label={t('keys.sort')}
        data={Object.keys(SORTS).map((value) => ({
          value,
          label: t(`keys.sort_by.${value as KeySort}`),
        }))}
        value={sort}
        allowDeselect={false}
        onChange={(value) =>
          onChange({
            ...without('sort'),
            ...(value !== null && value !== 'created' && { sort: value as KeySort }),
          })
        }
      />
    </div>
  )
}
