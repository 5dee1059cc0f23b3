import { Alert, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Trial } from './channels.ts'

/** The others are refusals. */
const TITLES: Readonly<Record<number, 'set_up.trial_silent' | 'set_up.trial_no_json'>> = {
  0: 'set_up.trial_silent',
  200: 'set_up.trial_no_json',
}

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
      title={t(TITLES[status] ?? 'set_up.trial_refused', { status })}
    >
      {status === 0 ? <Text size="sm">{message}</Text> : null}
      <Text size="sm">{t('set_up.trial_hint')}</Text>
    </Alert>
  )
}
