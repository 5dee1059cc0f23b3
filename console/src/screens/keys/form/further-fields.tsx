import { ActionIcon, Button, Input, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { modelsQuery } from '../keys.ts'
import type { FieldsProps } from './fields.ts'
import classes from './form.module.css'
import { OrderedField } from './ordered-field.tsx'

const MOST_METADATA = 16

/** What few keys need. */
export function FurtherFields({ form }: FieldsProps) {
  const { t } = useTranslation()
  const { data: served = [] } = useQuery(modelsQuery)
  return (
    <>
      <OrderedField
        label={t('keys.form.fallbacks')}
        hint={t('keys.form.fallbacks_hint')}
        next={t('keys.form.fallbacks_next')}
        values={form.values.fallback_models}
        options={served}
        error={form.errors['fallback_models']}
        onChange={(models) => form.setFieldValue('fallback_models', models)}
      />
      <MetadataFields form={form} />
    </>
  )
}

function MetadataFields({ form }: FieldsProps) {
  const { t } = useTranslation()
  const { metadata } = form.values
  return (
    <Input.Wrapper
      label={t('keys.form.metadata')}
      description={t('keys.form.metadata_hint')}
      error={form.errors['metadata']}
      labelElement="div"
    >
      <div className={classes.section}>
        {metadata.map((entry, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names change while they are typed, and may be alike.
          <div className={classes.row} key={at}>
            <TextInput
              label={t('keys.form.metadata_name')}
              maxLength={64}
              {...form.getInputProps(`metadata.${at}.name`)}
            />
            <TextInput
              label={t('keys.form.metadata_value')}
              maxLength={512}
              {...form.getInputProps(`metadata.${at}.value`)}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={34}
              aria-label={t('keys.form.remove', { what: entry.name || t('keys.form.metadata') })}
              onClick={() => form.removeListItem('metadata', at)}
            >
              <IconX size={16} />
            </ActionIcon>
          </div>
        ))}
      </div>
      {metadata.length >= MOST_METADATA ? null : (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} />}
          onClick={() => form.insertListItem('metadata', { name: '', value: '' })}
        >
          {t('keys.form.metadata_add')}
        </Button>
      )}
    </Input.Wrapper>
  )
}
