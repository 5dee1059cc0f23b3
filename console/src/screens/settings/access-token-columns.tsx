import { Button, Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { Column } from '../../ui/data-table.tsx'
import { TimeAgo } from '../../ui/date-time.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import type { AccessToken } from './access-tokens.ts'

export const accessTokenColumns = (
  t: TFunction,
  onDelete: (token: AccessToken) => void,
): readonly Column<AccessToken>[] => [
  {
    key: 'name',
    title: t('settings.name'),
    cell: ({ name, hint }) => (
      <>
        <Text size="sm" fw={600} truncate title={name}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" ff="monospace">
          tpat_…{hint}
        </Text>
      </>
    ),
  },
  {
    key: 'scopes',
    title: t('settings.token_scopes'),
    width: '26%',
    from: 'desktop',
    cell: ({ scopes }) => {
      const words = scopes === null ? t('settings.scopes_all') : scopes.join(', ')
      return (
        <Text size="sm" c="dimmed" lineClamp={2} title={words}>
          {words}
        </Text>
      )
    },
  },
  {
    key: 'expires',
    title: t('settings.token_expires'),
    width: '18%',
    from: 'tablet',
    cell: ({ expires_at }) => <Expiry at={expires_at} t={t} />,
  },
  {
    key: 'last_used',
    title: t('settings.token_used'),
    width: '16%',
    from: 'tablet',
    cell: ({ last_used_at }) =>
      last_used_at === null ? (
        <Text size="sm" c="dimmed">
          {t('settings.never')}
        </Text>
      ) : (
        <TimeAgo seconds={last_used_at} />
      ),
  },
  {
    key: 'delete',
    title: t('settings.token_action'),
    hidesTitle: true,
    width: '128px',
    align: 'right',
    cell: (token) => (
      <Button
        variant="default"
        size="xs"
        aria-label={`${t('settings.token_delete')}: ${token.name}`}
        onClick={() => onDelete(token)}
      >
        {t('settings.token_delete')}
      </Button>
    ),
  },
]

function Expiry({ at, t }: { readonly at: number | null; readonly t: TFunction }) {
  if (at === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('settings.never')}
      </Text>
    )
  }
  if (at * 1000 <= Date.now()) return <StatusBadge tone="ended" label={t('settings.expired')} />
  return <TimeAgo seconds={at} />
}
