import { Alert, Button, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ApiFailure } from '../api/failure.ts'
import { useFailureText } from './use-failure-text.ts'

interface FailureProps {
  readonly failure: unknown
  readonly onRetry?: () => void
}

/** What went wrong, in a person's words, with the id that finds it in the log. Screen readers say it at once. */
export function Failure({ failure, onRetry }: FailureProps) {
  const { t } = useTranslation()
  const says = useFailureText()(failure)
  const requestId = failure instanceof ApiFailure ? failure.requestId : ''
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={20} />}
      title={t('ui.failed')}
    >
      <Text size="sm">{says}</Text>
      {requestId === '' ? null : (
        <Text size="xs" ff="monospace" mt="sm" style={{ overflowWrap: 'anywhere' }}>
          {t('ui.request_id', { id: requestId })}
        </Text>
      )}
      {onRetry === undefined ? null : (
        <Button size="xs" variant="default" mt="md" onClick={onRetry}>
          {t('ui.retry')}
        </Button>
      )}
    </Alert>
  )
}
