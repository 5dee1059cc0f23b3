import { Button, Group, NumberInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../../api/client.ts'
import { statusQuery } from '../../session/status.ts'
import { Failure } from '../../ui/failure.tsx'

const LONGEST_NAME = 50
const UNITS_PER_DOLLAR = 500_000

interface KeyStepProps {
  readonly onCreated: (key: string) => void
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
  const creating = useMutation({
    mutationFn: (values: KeyValues) => createKey(values, unitsPerDollar),
    onSuccess: onCreated,
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
        <Group justify="space-between" gap="sm">
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

/** Resolves with the key as programs send it. */
async function createKey({ name, limit }: KeyValues, unitsPerDollar: number): Promise<string> {
  const quota =
    typeof limit === 'number'
      ? { remain_quota: Math.round(limit * unitsPerDollar) }
      : { unlimited_quota: true }
  const record = await unwrap(
    api.POST('/api/token', {
      body: { name: name.trim(), ...quota },
      headers: { prefer: 'return=representation' },
    }),
  )
  return `sk-${record?.key ?? ''}`
}
