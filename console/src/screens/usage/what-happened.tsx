import { Code, Group, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { TextKey } from '../../i18n/i18n.ts'
import { CallStatus } from './call-status.tsx'
import { knownStatus } from './statuses.ts'
import classes from './usage.module.css'
import type { Call } from './usage.ts'

/** How the call ended, in words, and what to do. */
export function WhatHappened({ call }: { readonly call: Call }) {
  const { status, error_code } = call
  const says = useExplanation(call)
  return (
    <section className={classes.part}>
      <Group gap="sm" mb="sm">
        <CallStatus status={status} />
        <Code>{error_code === '' ? status : `${status} ${error_code}`}</Code>
      </Group>
      <Text size="sm">{says}</Text>
    </section>
  )
}

const FIRST_FAILED = 300

/** The code says more than the status, where the call has one that the console knows. */
function useExplanation({ status, error_code }: Call): string {
  const { t, i18n } = useTranslation()
  const key = `usage.problems.${error_code}`
  if (error_code !== '' && i18n.exists(key)) return t(key as TextKey)
  const known = knownStatus(status < FIRST_FAILED ? 200 : status)
  return known === undefined ? t('usage.other_says', { status }) : t(`usage.says.${known}`)
}
