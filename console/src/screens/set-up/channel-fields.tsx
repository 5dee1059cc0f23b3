import { Checkbox, NativeSelect, PasswordInput, TagsInput, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { useTranslation } from 'react-i18next'
import { type ChannelValues, PROVIDERS, providerOf } from './channels.ts'

interface ChannelFieldsProps {
  readonly form: UseFormReturnType<ChannelValues>
}

export function ChannelFields({ form }: ChannelFieldsProps) {
  const { t } = useTranslation()
  const { baseUrl, needsBaseUrl, needsModels, mayBeOwn } = providerOf(form.values.type)
  return (
    <>
      <NativeSelect
        label={t('set_up.provider')}
        data={Object.entries(PROVIDERS).map(([value, { name }]) => ({ value, label: name }))}
        {...form.getInputProps('type')}
      />
      <TextInput
        label={t('set_up.base_url')}
        description={t(needsBaseUrl ? 'set_up.base_url_hint' : 'set_up.base_url_optional')}
        placeholder={baseUrl}
        type="url"
        inputMode="url"
        spellCheck={false}
        {...form.getInputProps('base_url')}
      />
      <PasswordInput
        label={t('set_up.provider_key')}
        description={t(mayBeOwn ? 'set_up.provider_key_optional' : 'set_up.provider_key_hint')}
        autoComplete="off"
        visibilityToggleButtonProps={{ 'aria-label': t('set_up.show_key') }}
        {...form.getInputProps('key')}
      />
      <TagsInput
        label={t('set_up.models')}
        description={t(needsModels ? 'set_up.models_hint' : 'set_up.models_optional')}
        placeholder={form.values.models.length === 0 ? t('set_up.models_placeholder') : ''}
        acceptValueOnBlur
        splitChars={[',', ' ']}
        {...form.getInputProps('models')}
      />
      {mayBeOwn ? (
        <Checkbox
          label={t('set_up.free')}
          description={t('set_up.free_hint')}
          {...form.getInputProps('free', { type: 'checkbox' })}
        />
      ) : null}
    </>
  )
}
