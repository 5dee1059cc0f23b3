import { Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { Column } from '../../ui/data-table.tsx'
import { DateTime } from '../../ui/date-time.tsx'
import { Money } from '../../ui/money.tsx'
import type { Entry } from './wallet.ts'

/** The columns of what changed the balance. */
export const entryColumns = (t: TFunction): readonly Column<Entry>[] => [
  { key: 'kind', title: t('wallet.what'), cell: (entry) => <What entry={entry} t={t} /> },
  {
    key: 'time',
    title: t('wallet.when'),
    width: '28%',
    from: 'tablet',
    cell: ({ created_time }) => <DateTime seconds={created_time} />,
  },
  {
    key: 'delta',
    title: t('wallet.amount'),
    width: '136px',
    align: 'right',
    cell: ({ delta }) => <Money units={delta} as="change" />,
  },
]

/** On a phone the time has no column of its own. */
function What({ entry, t }: { readonly entry: Entry; readonly t: TFunction }) {
  const { kind, request_id, created_time } = entry
  return (
    <>
      <Text size="sm" fw={600}>
        {t(`wallet.kind_${kind}`)}
      </Text>
      {request_id === undefined ? null : (
        <Text size="xs" c="dimmed" ff="monospace" truncate title={request_id}>
          {t('wallet.of_request', { id: request_id })}
        </Text>
      )}
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        <DateTime seconds={created_time} />
      </Text>
    </>
  )
}
