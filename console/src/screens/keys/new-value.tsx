import { Alert } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Secret } from '../../ui/secret.tsx'
import { type KeyRecord, shownValueOf } from './keys.ts'

/** The value of a key that was made or rotated just now, if the answer that came has it. */
export function NewValue({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const value = shownValueOf(record)
  if (value === undefined) {
    return (
      <Alert color="yellow" variant="light">
        {t('keys.value_lost')}
      </Alert>
    )
  }
  return <Secret label={t('keys.value')} value={value} hint={t('keys.keep')} />
}
