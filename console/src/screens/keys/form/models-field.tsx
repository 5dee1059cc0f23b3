import { TagsInput, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { modelsQuery } from '../keys.ts'
import type { FieldsProps } from './fields.ts'
import { modelsOf } from './key-form.ts'

const MOST_SHOWN = 100

/** Which models the key may call: those that are served are offered, any other id can be typed. */
export function ModelsField({ form }: FieldsProps) {
  const { t } = useTranslation()
  const { data: served } = useQuery(modelsQuery)
  const chosen = form.values.model_limits
  const unknown = served === undefined ? [] : chosen.filter((id) => !served.includes(id))
  return (
    <div>
      <TagsInput
        label={t('keys.form.models')}
        description={t('keys.form.models_hint')}
        placeholder={chosen.length === 0 ? t('keys.form.any_model') : ''}
        data={served === undefined ? [] : [...served]}
        limit={MOST_SHOWN}
        splitChars={[',', '\n']}
        isDuplicate={(id, others) => others.includes(id)}
        clearable
        clearButtonProps={{ 'aria-label': t('keys.form.models_clear') }}
        value={chosen}
        // Several that were pasted at once are one text.
        onChange={(ids) => form.setFieldValue('model_limits', [...new Set(ids.flatMap(modelsOf))])}
        error={form.errors['model_limits']}
      />
      <Text size="sm" c="dimmed" mt="xs" role="status">
        {unknown.length === 0
          ? null
          : t('keys.form.models_unknown', { count: unknown.length, models: unknown.join(', ') })}
      </Text>
    </div>
  )
}
