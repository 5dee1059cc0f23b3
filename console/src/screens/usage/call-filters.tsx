import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { PeriodPicker } from '../../ui/period-picker.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import type { CallQuery } from './route.ts'
import { STATUSES } from './statuses.ts'
import classes from './usage.module.css'
import { namesQuery, STANDARD_PERIOD } from './usage.ts'

interface CallFiltersProps {
  readonly query: CallQuery
  readonly onChange: (query: CallQuery) => void
  /** What stands at the end of their first line. */
  readonly children: ReactNode
}

/** Which calls the list shows. */
export function CallFilters({ query, onChange, children }: CallFiltersProps) {
  const { t } = useTranslation()
  const { period: _period, from: _from, to: _to, ...others } = query
  const { q: _q, ...withoutRequest } = query
  const { key, ...withoutKey } = query
  const { status, ...withoutStatus } = query
  return (
    <div className={classes.filters}>
      <div className={classes.line}>
        <PeriodPicker
          value={query}
          standard={STANDARD_PERIOD}
          onChange={(period) => onChange({ ...others, ...period })}
        />
        {children}
      </div>
      <div className={classes.fields}>
        <SearchField
          label={t('usage.search')}
          words={query.q ?? ''}
          onSearch={(words) =>
            onChange({ ...withoutRequest, ...(words.trim() !== '' && { q: words.trim() }) })
          }
        />
        <NameFilter by="model" query={query} onChange={onChange} />
        <Choice
          label={t('usage.key')}
          any={t('usage.any_key')}
          choices={useQuery(namesQuery('key')).data ?? []}
          value={key === undefined ? null : String(key)}
          onChange={(value) =>
            onChange({ ...withoutKey, ...(value !== null && { key: Number(value) }) })
          }
        />
        <NameFilter by="group" query={query} onChange={onChange} />
        <Choice
          label={t('usage.status')}
          any={t('usage.any_status')}
          choices={STATUSES.map((code) => ({
            value: code,
            label: `${code} ${t(`usage.statuses.${code}`)}`,
          }))}
          value={status === undefined ? null : String(status)}
          onChange={(value) =>
            onChange({ ...withoutStatus, ...(value !== null && { status: Number(value) }) })
          }
        />
      </div>
    </div>
  )
}

function NameFilter({
  by,
  query,
  onChange,
}: Omit<CallFiltersProps, 'children'> & { readonly by: 'model' | 'group' }) {
  const { t } = useTranslation()
  const { data = [] } = useQuery(namesQuery(by))
  const { [by]: name, ...others } = query
  return (
    <Choice
      label={t(`usage.${by}`)}
      any={t(`usage.any_${by}`)}
      choices={data}
      value={name ?? null}
      onChange={(value) => onChange({ ...others, ...(value !== null && { [by]: value }) })}
    />
  )
}

interface ChoiceProps {
  readonly label: string
  readonly any: string
  readonly choices: readonly { readonly value: string; readonly label: string }[]
  readonly value: string | null
  readonly onChange: (value: string | null) => void
}

/** What an address asks for can be chosen, also where no call had it lately. */
function Choice({ label, any, choices, value, onChange }: ChoiceProps) {
  const isListed = value === null || choices.some((one) => one.value === value)
  return (
    <Select
      aria-label={label}
      placeholder={any}
      data={isListed ? [...choices] : [...choices, { value: value ?? '', label: value ?? '' }]}
      value={value}
      onChange={onChange}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': any }}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  )
}
