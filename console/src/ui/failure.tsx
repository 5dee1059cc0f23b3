import { Alert, Button, Text, VisuallyHidden } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFailure } from '../api/failure.ts'
import { formatWait } from '../format/time.ts'
import { useLocale } from '../format/use-locale.ts'
import { useFailureText } from './use-failure-text.ts'
import { useSecondsLeft } from './use-seconds-left.ts'

interface FailureProps {
  readonly failure: unknown
  readonly onRetry?: () => void
}

/** What went wrong, in a person's words, with the id that finds it in the log. Screen readers say it at once. */
export function Failure({ failure, onRetry }: FailureProps) {
  const { t } = useTranslation()
  const says = useFailureText()(failure)
  const { requestId, retryAtMs } =
    failure instanceof ApiFailure ? failure : { requestId: '', retryAtMs: 0 }
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={20} />}
      title={t('ui.failed')}
    >
      <Text size="sm">{retryAtMs === 0 ? says : t('ui.too_often')}</Text>
      {retryAtMs === 0 ? null : <TimeLeft key={retryAtMs} failure={failure} />}
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

/** Counts down for the eye; whoever listens hears the whole time once, and not each second. */
function TimeLeft({ failure }: { readonly failure: unknown }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const left = useSecondsLeft(failure)
  const [whole] = useState(left)
  if (left === 0) return <Text size="sm">{t('ui.may_retry')}</Text>
  return (
    <>
      <VisuallyHidden>{t('ui.retry_in', { wait: formatWait(locale, whole) })}</VisuallyHidden>
      <Text size="sm" aria-hidden="true" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {t('ui.retry_in', { wait: formatWait(locale, left) })}
      </Text>
    </>
  )
}
