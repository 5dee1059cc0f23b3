import { Button, Group, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../ui/failure.tsx'
import { refusedField } from '../../ui/refused-field.ts'
import { useFailureText } from '../../ui/use-failure-text.ts'
import { ChannelFields } from './channel-fields.tsx'
import { ChannelTrial } from './channel-trial.tsx'
import { type ChannelValues, providerOf, saveAndTest } from './channels.ts'
import classes from './set-up-screen.module.css'

/** Adds the first way to a provider, and shows what a real request through it found. */
export function ChannelStep({ onDone }: { readonly onDone: () => Promise<void> }) {
  const { t } = useTranslation()
  const { form, saving, refused } = useChannelForm()
  const trial = saving.data
  return (
    <form noValidate onSubmit={form.onSubmit((values) => saving.mutate(values))}>
      <Stack>
        <ChannelFields form={form} />
        {saving.isError && refused === undefined ? <Failure failure={saving.error} /> : null}
        {trial === undefined || saving.isPending ? null : <ChannelTrial trial={trial} />}
        {trial?.ok && !form.isDirty() ? (
          <Button ml="auto" onClick={() => void onDone()}>
            {t('set_up.continue')}
          </Button>
        ) : (
          <Group justify="space-between" gap="sm" className={classes.buttons}>
            <Button variant="default" onClick={() => void onDone()}>
              {t('set_up.skip')}
            </Button>
            <Button type="submit" loading={saving.isPending}>
              {t(trial === undefined ? 'set_up.channel_submit' : 'set_up.channel_again')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}

function useChannelForm() {
  const { t } = useTranslation()
  const failureText = useFailureText()
  const [channelId, setChannelId] = useState<number>()
  const form = useForm<ChannelValues>({
    initialValues: { type: 'openai', base_url: '', key: '', models: [], free: false },
    validate: {
      base_url: (value, { type }) =>
        providerOf(type).needsBaseUrl && value.trim() === '' ? t('set_up.base_url_missing') : null,
      key: (value, { type }) =>
        value.trim() === '' && !providerOf(type).mayBeOwn ? t('set_up.key_missing') : null,
      models: (value, { type }) =>
        value.length === 0 && providerOf(type).needsModels ? t('set_up.models_missing') : null,
    },
  })
  const saving = useMutation({
    mutationFn: (values: ChannelValues) => saveAndTest(values, channelId),
    onSuccess(trial) {
      setChannelId(trial.channelId)
      form.resetDirty()
    },
    onError(failure) {
      const field = fieldOf(failure)
      if (field !== undefined) form.setFieldError(field, failureText(failure))
    },
  })
  return { form, saving, refused: saving.isError ? fieldOf(saving.error) : undefined }
}

const fieldOf = (failure: unknown) => {
  const field = refusedField(failure, ['base_url', 'keys', 'models'])
  return field === 'keys' ? 'key' : field
}
