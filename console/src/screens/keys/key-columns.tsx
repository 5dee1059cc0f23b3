import { Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { Column } from '../../ui/data-table.tsx'
import { TimeAgo } from '../../ui/date-time.tsx'
import { Money } from '../../ui/money.tsx'
import { KeyStatus } from './key-status.tsx'
import type { KeyRecord } from './keys.ts'

/** The columns of the list of keys. */
export const keyColumns = (t: TFunction): readonly Column<KeyRecord>[] => [
  { key: 'name', title: t('keys.name'), cell: (record) => <Name record={record} t={t} /> },
  {
    key: 'status',
    title: t('keys.status'),
    width: 'clamp(150px, 17%, 170px)',
    cell: (record) => <KeyStatus record={record} />,
  },
  {
    key: 'remaining',
    title: t('keys.remaining'),
    width: '12%',
    align: 'right',
    from: 'tablet',
    cell: (record) => <Remaining record={record} t={t} />,
  },
  {
    key: 'used',
    title: t('keys.used'),
    width: '12%',
    align: 'right',
    from: 'tablet',
    cell: ({ used_quota }) => <Money units={used_quota} />,
  },
  {
    key: 'group',
    title: t('keys.group'),
    width: '14%',
    from: 'desktop',
    cell: ({ group }) =>
      group === '' ? (
        <Text size="sm" c="dimmed">
          {t('keys.own_group')}
        </Text>
      ) : (
        <Text size="sm" truncate title={group}>
          {group}
        </Text>
      ),
  },
  {
    key: 'last_used',
    title: t('keys.last_used'),
    width: '14%',
    from: 'tablet',
    cell: ({ accessed_time, created_time }) =>
      // Before the first call the API gives the time of creation (contract 2.2).
      accessed_time === created_time ? (
        <Text size="sm" c="dimmed">
          {t('keys.never_used')}
        </Text>
      ) : (
        <TimeAgo seconds={accessed_time} />
      ),
  },
]

interface CellProps {
  readonly record: KeyRecord
  readonly t: TFunction
}

/** On a phone there is a column less: what is left stands here instead of the key. */
function Name({ record, t }: CellProps) {
  const { name, key } = record
  return (
    <>
      <Text size="sm" fw={600} truncate title={name}>
        {name === '' ? <em>{t('keys.unnamed')}</em> : name}
      </Text>
      <Text size="xs" c="dimmed" ff="monospace" visibleFrom="sm">
        {shortened(key)}
      </Text>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        <Remaining record={record} t={t} />
      </Text>
    </>
  )
}

function Remaining({ record, t }: CellProps) {
  return record.unlimited_quota ? t('keys.unlimited') : <Money units={record.remain_quota} />
}

/** Both ends of a masked key are enough to tell it from others. */
const shortened = (key: string): string => `sk-${key.slice(0, 4)}…${key.slice(-4)}`
