import { Button, Group, NumberInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { statusQuery } from '../../session/status.ts'
import { Failure } from '../../ui/failure.tsx'
import { useOnce } from '../../ui/use-once.ts'
import { createKey, type KeyFields, shownValueOf } from '../keys/keys.ts'
import classes from './set-up-screen.module.css'

const LONGEST_NAME = 50
const UNITS_PER_DOLLAR = 500_000

interface KeyStepProps {
  /** Told the key as programs send it, if the answer has it. */
  readonly onCreated: (key: string | undefined) => void
  readonly onDone: () => Promise<void>
}

interface KeyValues {
  readonly name: string
  /** Dollars; '' for no limit. */
  readonly limit: number | string
}

export function KeyStep({ onCreated, onDone }: KeyStepProps) {
  const { t } = useTranslation()
  const { data: status } = useQuery(statusQuery)
  const unitsPerDollar = status?.quota_per_unit ?? UNITS_PER_DOLLAR
  const once = useOnce()
  const creating = useMutation({
    mutationFn: (values: KeyValues) =>
      once((attempt) => createKey(fieldsOf(values, unitsPerDollar), attempt)),
    onSuccess: (record) => onCreated(shownValueOf(record)),
  })
  const form = useForm<KeyValues>({
    initialValues: { name: t('set_up.key_name_first'), limit: '' },
    validate: { name: (value) => (value.trim() === '' ? t('set_up.key_name_missing') : null) },
  })
  return (
    <form noValidate onSubmit={form.onSubmit((values) => creating.mutate(values))}>
      <Stack>
        <TextInput
          label={t('set_up.key_name')}
          description={t('set_up.key_name_hint')}
          maxLength={LONGEST_NAME}
          {...form.getInputProps('name')}
        />
        <NumberInput
          label={t('set_up.key_limit')}
          description={t('set_up.key_limit_hint')}
          prefix="$"
          min={0}
          max={1_000_000}
          decimalScale={6}
          hideControls
          maw={240}
          {...form.getInputProps('limit')}
        />
        {creating.isError ? <Failure failure={creating.error} /> : null}
        <Group justify="space-between" gap="sm" className={classes.buttons}>
          <Button variant="default" onClick={() => void onDone()}>
            {t('set_up.skip')}
          </Button>
          <Button type="submit" loading={creating.isPending}>
            {t('set_up.key_submit')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function fieldsOf({ name, limit }: KeyValues, unitsPerDollar: number): KeyFields {
  const quota =
    typeof limit === 'number'
      ? { remain_quota: Math.round(limit * unitsPerDollar) }
      : { unlimited_quota: true }
  return { name: name.trim(), ...quota }
}
