import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { PageHeader } from '../../../ui/page-header.tsx'
import { useOnce } from '../../../ui/use-once.ts'
import { createKey, refreshKeys } from '../keys.ts'
import { CreatedKey } from './created-key.tsx'
import { emptyForm, fieldsOf, type KeyForm } from './key-form.ts'
import { KeyFormFields } from './key-form-fields.tsx'

/** Makes a key, and shows it once, with what to do with it. */
export function NewKeyScreen() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const once = useOnce()
  const creating = useMutation({
    mutationFn: (form: KeyForm) =>
      once((attempt) => createKey(fieldsOf(form, attempt.sinceSeconds), attempt)),
    onSuccess: () => refreshKeys(queryClient),
  })
  const initial = useMemo(emptyForm, [])
  if (creating.isSuccess) return <CreatedKey record={creating.data} />
  return (
    <>
      <PageHeader
        above={{ to: '/keys', title: t('keys.all') }}
        title={t('keys.create')}
        lead={t('keys.form.lead')}
      />
      <KeyFormFields
        initial={initial}
        verb={t('keys.create')}
        pending={creating.isPending}
        failure={creating.error}
        onSubmit={creating.mutate}
        cancel={
          <Button variant="subtle" color="gray" component={Link} to="/keys">
            {t('ui.cancel')}
          </Button>
        }
      />
    </>
  )
}
