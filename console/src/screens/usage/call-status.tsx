import { useTranslation } from 'react-i18next'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { knownStatus, toneOf } from './statuses.ts'

const FIRST_FAILED = 300

/** How a call ended, in a word. */
export function CallStatus({ status }: { readonly status: number }) {
  const { t } = useTranslation()
  const known = knownStatus(status < FIRST_FAILED ? 200 : status)
  const word = known === undefined ? t('usage.other_status') : t(`usage.statuses.${known}`)
  return <StatusBadge tone={toneOf(status)} label={word} />
}
