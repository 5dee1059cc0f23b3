import { Alert, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Trial } from './channels.ts'

/** What the request through the channel found, in the gateway's words where it failed. */
export function ChannelTrial({ trial }: { readonly trial: Trial }) {
  const { t } = useTranslation()
  const { ok, status, latencyMs, message } = trial
  if (ok) {
    return (
      <Alert
        role="status"
        color="pine"
        variant="light"
        icon={<IconCircleCheck size={20} />}
        title={t('set_up.trial_ok')}
      >
        <Text size="sm">{t('set_up.trial_ok_hint', { ms: latencyMs })}</Text>
      </Alert>
    )
  }
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={20} />}
      title={status === 0 ? t('set_up.trial_silent') : t('set_up.trial_refused', { status })}
    >
      <Text size="sm">{message}</Text>
      <Text size="sm">{t('set_up.trial_hint')}</Text>
    </Alert>
  )
}
