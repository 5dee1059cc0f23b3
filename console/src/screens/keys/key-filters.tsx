import { NativeSelect } from '@mantine/core'
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
  // One that an address names is chosen, also before it is known which there are.
  const names = [...new Set([...Object.keys(groups), ...(group === undefined ? [] : [group])])]
  const without = (name: keyof KeyQuery) =>
    Object.fromEntries(Object.entries(rest).filter(([key]) => key !== name))
  return (
    <div className={classes.filters}>
      <SearchField
        label={t('keys.search')}
        words={q ?? ''}
        onSearch={(words) => onChange({ ...without('q'), ...(words !== '' && { q: words }) })}
      />
      <NativeSelect
        aria-label={t('keys.status')}
        data={[
          { value: '', label: t('keys.any_status') },
          ...Object.entries(STATES).map(([value, word]) => ({ value, label: t(`keys.${word}`) })),
        ]}
        value={status ?? ''}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...without('status'), ...(value !== '' && { status: Number(value) }) })
        }
      />
      <NativeSelect
        aria-label={t('keys.group')}
        data={[{ value: '', label: t('keys.any_group') }, ...names]}
        value={group ?? ''}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...without('group'), ...(value !== '' && { group: value }) })
        }
      />
      <NativeSelect
        className={classes.sort}
        aria-label={t('keys.sort')}
        data={Object.keys(SORTS).map((value) => ({
          value,
          label: t(`keys.sort_by.${value as KeySort}`),
        }))}
        value={sort}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...without('sort'), ...(value !== 'created' && { sort: value as KeySort }) })
        }
      />
    </div>
  )
}
