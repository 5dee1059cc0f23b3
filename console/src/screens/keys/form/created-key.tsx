import { Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '../../../ui/link-button.tsx'
import { Snippets } from '../../../ui/snippets.tsx'
import { type KeyRecord, modelsQuery, shownValueOf } from '../keys.ts'
import { nameOf } from '../name-of.ts'
import { NewValue } from '../new-value.tsx'
import classes from './form.module.css'
import { modelsOf } from './key-form.ts'

/** A key that was made just now: its value, once, and the first call with it. */
export function CreatedKey({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const heading = useRef<HTMLHeadingElement>(null)
  // The form that had the focus is gone.
  useEffect(() => heading.current?.focus(), [])
  const { data: served = [] } = useQuery(modelsQuery)
  const allowed = record.model_limits_enabled ? modelsOf(record.model_limits) : []
  const model = allowed[0] ?? served[0]
  return (
    <Stack gap="lg" maw={720}>
      <div>
        <Title order={1} tabIndex={-1} ref={heading}>
          {t('keys.created')}
        </Title>
        <Text c="dimmed" mt={4} style={{ overflowWrap: 'anywhere' }}>
          {nameOf(record, t)}
        </Text>
      </div>
      <NewValue record={record} />
      <section className={classes.card} aria-labelledby="first-call">
        <Title order={2} id="first-call">
          {t('keys.first_call')}
        </Title>
        <Snippets apiKey={shownValueOf(record)} model={model} />
      </section>
      <div className={classes.buttons}>
        <LinkButton to="/keys/$keyId" params={{ keyId: record.id }}>
          {t('keys.open')}
        </LinkButton>
        <LinkButton variant="subtle" color="gray" to="/keys">
          {t('keys.all')}
        </LinkButton>
      </div>
    </Stack>
  )
}
