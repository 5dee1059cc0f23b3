import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '../../../ui/link-button.tsx'
import { PageHeader } from '../../../ui/page-header.tsx'
import { keyQuery, refreshKeys, updateKey } from '../keys.ts'
import { nameOf } from '../name-of.ts'
import { changedFields, formOf, type KeyForm } from './key-form.ts'
import { KeyFormFields } from './key-form-fields.tsx'

const route = getRouteApi('/shell/keys/$keyId/edit')

/** Changes a key. Sent is what was changed here, and nothing else. */
export function EditKeyScreen() {
  const { t } = useTranslation()
  const { keyId } = route.useParams()
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  const { data: record } = useSuspenseQuery({
    ...keyQuery(keyId),
    // Apart from what screens refresh: what was read first is what changes are told by.
    queryKey: ['key being edited', keyId],
    gcTime: 0,
    refetchOnWindowFocus: false,
  })
  const [initial] = useState(() => formOf(record))
  const saving = useMutation({
    mutationFn: (form: KeyForm) =>
      updateKey(keyId, changedFields(initial, form, Math.floor(Date.now() / 1000))),
    async onSuccess() {
      await navigate({ to: '/keys/$keyId', params: { keyId } })
      await refreshKeys(queryClient)
    },
  })
  return (
    <>
      <PageHeader
        above={{ to: '/keys', title: t('keys.all') }}
        title={t('keys.edit')}
        lead={nameOf(record, t)}
      />
      <KeyFormFields
        initial={initial}
        verb={t('keys.save')}
        pending={saving.isPending}
        failure={saving.error}
        onSubmit={saving.mutate}
        cancel={
          <LinkButton variant="subtle" color="gray" to="/keys/$keyId" params={{ keyId }}>
            {t('ui.cancel')}
          </LinkButton>
        }
      />
    </>
  )
}
