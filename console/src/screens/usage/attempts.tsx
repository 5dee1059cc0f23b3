import { Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { TextKey } from '../../i18n/i18n.ts'
import { Duration } from './duration.tsx'
import classes from './usage.module.css'
import type { Call } from './usage.ts'

/** Where the call went, in order. Only administrators are told the channel. */
export function Attempts({ call }: { readonly call: Call }) {
  const { t } = useTranslation()
  return (
    <section className={classes.part} aria-labelledby="attempts">
      <Title order={3} id="attempts">
        {t('usage.attempts')}
      </Title>
      {call.attempt_list.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('usage.no_attempts')}
        </Text>
      ) : (
        <ol className={classes.attempts}>
          {call.attempt_list.map((attempt, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: their order is all that tells them apart, and it stays.
            <li key={at}>
              <AttemptLine attempt={attempt} />
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function AttemptLine({ attempt }: { readonly attempt: Call['attempt_list'][number] }) {
  const { t, i18n } = useTranslation()
  const key = `usage.outcomes.${attempt.outcome}`
  const channel = 'channel' in attempt ? attempt.channel : undefined
  return (
    <>
      <span className={classes.outcome}>
        {i18n.exists(key) ? t(key as TextKey) : attempt.outcome}
        {channel === undefined ? null : (
          <Text span c="dimmed">
            {` · ${t('usage.channel', { id: channel })}`}
          </Text>
        )}
      </span>
      <Text span size="sm" c="dimmed">
        {attempt.status === 0 ? t('usage.no_answer') : attempt.status}
      </Text>
      <span className={classes.took}>
        <Duration ms={attempt.ms} />
      </span>
    </>
  )
}
