import { Box, Text, UnstyledButton } from '@mantine/core'
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
    width: '172px',
    from: 'tablet',
    cell: ({ status }) => <CallStatus status={status} />,
  },
  {
    key: 'time',
    title: t('usage.time'),
    width: '18%',
    from: 'desktop',
    cell: ({ created_at }) => <DateTime seconds={created_at} />,
  },
  {
    key: 'tokens',
    title: t('usage.tokens'),
    width: '17%',
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
    width: '144px',
    align: 'right',
    cell: (call) => <CostCell call={call} />,
  },
]

interface ModelCellProps {
  readonly call: CallRecord
  readonly onOpen: (requestId: string) => void
  readonly t: TFunction
}

/** On a phone there are columns less: how it ended stands here. */
function ModelCell({ call, onOpen, t }: ModelCellProps) {
  const { model_name, token_name, status } = call
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
      <Box hiddenFrom="sm">
        <CallStatus status={status} />
      </Box>
    </>
  )
}

/** The time is below, where it has no column of its own. */
function CostCell({ call: { quota, created_at } }: { readonly call: CallRecord }) {
  return (
    <>
      <Money units={quota} />
      <Text size="xs" c="dimmed" hiddenFrom="md">
        <TimeAgo seconds={created_at} />
      </Text>
    </>
  )
}

function TokensCell({ call }: { readonly call: CallRecord }) {
  return (
    <span className={classes.tokens}>
      <Quantity value={call.prompt_tokens} /> → <Quantity value={call.completion_tokens} />
    </span>
  )
}
