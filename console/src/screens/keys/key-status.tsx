import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAgo } from '../../format/time.ts'
import { useLocale } from '../../format/use-locale.ts'
import { TimeAgo } from '../../ui/date-time.tsx'
import { StatusBadge, type Tone } from '../../ui/status-badge.tsx'
import { useNowSeconds } from '../../ui/use-now-seconds.ts'
import type { KeyRecord } from './keys.ts'
import classes from './keys-screen.module.css'
import { useIsLeaving } from './removals.tsx'

/** `status` of the record (docs/keys.md): always the effective one. */
const STATES = {
  1: { tone: 'good', word: 'keys.enabled' },
  2: { tone: 'off', word: 'keys.disabled' },
  3: { tone: 'ended', word: 'keys.expired' },
  4: { tone: 'bad', word: 'keys.exhausted' },
} as const satisfies Record<number, { tone: Tone; word: string }>

const NEVER = -1

/** Whether the key works now, and why not. */
export function KeyStatus({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const leaving = useIsLeaving(record.id)
  const state = STATES[record.status as keyof typeof STATES] ?? STATES[2]
  return (
    <>
      <StatusBadge tone={state.tone} label={t(state.word)} />
      <div className={`${classes.small} ${classes.cut} ${classes.reason}`}>
        {leaving ? t('keys.leaving') : <Reason record={record} />}
      </div>
    </>
  )
}

function Reason({ record }: { readonly record: KeyRecord }): ReactNode {
  const { t } = useTranslation()
  const locale = useLocale()
  const now = useNowSeconds()
  const { status, expired_time } = record
  switch (status) {
    case 1:
      return expired_time === NEVER
        ? null
        : t('keys.expires', { when: formatAgo(locale, expired_time, now) })
    case 3:
      // A mark that an update set says nothing about the time.
      return expired_time !== NEVER && expired_time <= now ? (
        <TimeAgo seconds={expired_time} />
      ) : (
        t('keys.marked')
      )
    case 4:
      return record.remain_quota > 0 ? t('keys.marked') : t('keys.no_quota')
    default:
      return t('keys.switched_off')
  }
}
