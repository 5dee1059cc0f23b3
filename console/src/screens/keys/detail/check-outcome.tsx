import { Stack, Text } from '@mantine/core'
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { TextKey } from '../../../i18n/i18n.ts'
import { StatusBadge } from '../../../ui/status-badge.tsx'
import type { checkKey } from '../keys.ts'
import { Because } from './because.tsx'
import classes from './detail.module.css'

type Outcome = Awaited<ReturnType<typeof checkKey>>

/** Each check in the order of a call, and the channels in the order in which they would be tried. */
export function CheckOutcome({ outcome }: { readonly outcome: Outcome }) {
  const { t } = useTranslation()
  const isAllowed = outcome.verdict === 'allowed'
  return (
    <Stack gap="md" mt="lg">
      <div>
        <StatusBadge
          tone={isAllowed ? 'good' : 'bad'}
          label={t(isAllowed ? 'keys.check.allowed' : 'keys.check.refused')}
        />
        {outcome.code === undefined ? null : (
          <Text component="code" size="sm" ff="monospace" ml="sm">
            {outcome.code}
          </Text>
        )}
      </div>
      <ol className={classes.checks} aria-label={t('keys.check.checks')}>
        {outcome.checks.map((check, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: budgets may be several of one name.
          <Check key={at} {...check} />
        ))}
      </ol>
      <Channels outcome={outcome} />
    </Stack>
  )
}

function Check({ check, passed, because, instead, ...told }: Outcome['checks'][number]) {
  const { t, i18n } = useTranslation()
  const named = `keys.check.of.${check}`
  const Icon = passed ? IconCircleCheck : IconCircleX
  return (
    <li className={classes.check}>
      <Icon
        size={18}
        className={passed ? classes.passed : classes.refused}
        role="img"
        aria-label={t(passed ? 'keys.check.passed' : 'keys.check.failed')}
      />
      <div>
        <Text size="sm" fw={passed ? 400 : 600}>
          {i18n.exists(named) ? t(named as TextKey) : check}
        </Text>
        <Because told={told} english={because} instead={instead} />
      </div>
    </li>
  )
}

function Channels({ outcome: { channels, fallbacks = [] } }: { readonly outcome: Outcome }) {
  const { t } = useTranslation()
  return (
    <>
      {channels.length === 0 ? null : (
        <div>
          <Text size="sm" fw={600} mb="xs">
            {t('keys.check.channels')}
          </Text>
          <ChannelList channels={channels} />
        </div>
      )}
      {fallbacks.map(({ model, skipped, skipped_because, channels: others }) => (
        <div key={model}>
          <Text size="sm" fw={600} mb="xs" style={{ overflowWrap: 'anywhere' }}>
            {t('keys.check.fallback', { model })}
          </Text>
          {skipped === undefined ? (
            <ChannelList channels={others} />
          ) : (
            <Because told={skipped_because} english={skipped} />
          )}
        </div>
      ))}
    </>
  )
}

function ChannelList({ channels }: Pick<Outcome, 'channels'>) {
  return (
    <ol style={{ margin: 0, paddingInlineStart: 24, fontSize: 14 }}>
      {channels.map(({ id, name, group, skipped, skipped_because }) => (
        <li key={`${group} ${id}`} style={{ overflowWrap: 'anywhere' }}>
          {name} ({group})
          {skipped === undefined ? null : <Because told={skipped_because} english={skipped} />}
        </li>
      ))}
    </ol>
  )
}
