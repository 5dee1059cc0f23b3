import { Text, UnstyledButton } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { Column } from '../../ui/data-table.tsx'
import { DateTime, TimeAgo } from '../../ui/date-time.tsx'
import { Money } from '../../ui/money.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { CallStatus } from './call-status.tsx'
import { Duration } from './duration.tsx'
import classes from './usage.module.css'
import type { CallRecord } from './usage.ts'

/** The columns of the list of calls. */
export const callColumns = (
  t: TFunction,
  onOpen: (requestId: string) => void,
): readonly Column<CallRecord>[] => [
  {
    key: 'model',
    title: t('usage.model'),
    cell: (call) => <ModelCell call={call} onOpen={onOpen} t={t} />,
  },
  {
    key: 'status',
    title: t('usage.status'),
    width: '184px',
    cell: ({ status }) => <CallStatus status={status} />,
  },
  {
    key: 'time',
    title: t('usage.time'),
    width: '19%',
    from: 'desktop',
    cell: ({ created_at }) => <DateTime seconds={created_at} />,
  },
  {
    key: 'tokens',
    title: t('usage.tokens'),
    width: '15%',
    align: 'right',
    from: 'tablet',
    cell: (call) => <TokensCell call={call} />,
  },
  {
    key: 'duration',
    title: t('usage.duration'),
    width: '10%',
    align: 'right',
    from: 'desktop',
    cell: ({ use_time_ms }) => <Duration ms={use_time_ms} />,
  },
  {
    key: 'cost',
    title: t('usage.cost'),
    width: '11%',
    align: 'right',
    from: 'tablet',
    cell: ({ quota }) => <Money units={quota} />,
  },
]

interface ModelCellProps {
  readonly call: CallRecord
  readonly onOpen: (requestId: string) => void
  readonly t: TFunction
}

/** On a phone there are columns less: time and cost stand here. */
function ModelCell({ call, onOpen, t }: ModelCellProps) {
  const { model_name, token_name, created_at, quota } = call
  return (
    <>
      <UnstyledButton
        className={classes.open}
        title={model_name}
        onClick={() => onOpen(call.request_id)}
      >
        {model_name}
      </UnstyledButton>
      <Text size="xs" c="dimmed" truncate title={token_name} visibleFrom="sm">
        {token_name || t('usage.unnamed')}
      </Text>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        <Money units={quota} /> · <TimeAgo seconds={created_at} />
      </Text>
    </>
  )
}

function TokensCell({ call }: { readonly call: CallRecord }) {
  return (
    <>
      <Quantity value={call.prompt_tokens} /> → <Quantity value={call.completion_tokens} />
    </>
  )
}
