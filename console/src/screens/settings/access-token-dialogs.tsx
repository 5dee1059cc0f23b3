import { Button, Group, Modal, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CodeBlock } from '../../ui/code-block.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Secret } from '../../ui/secret.tsx'
import { AccessTokenForm } from './access-token-form.tsx'
import { type AccessToken, deleteAccessToken } from './access-tokens.ts'

interface NewAccessTokenProps {
  readonly onCreated: () => void
  readonly onClose: () => void
}

export function NewAccessToken({ onCreated, onClose }: NewAccessTokenProps) {
  const [token, setToken] = useState<string>()
  if (token !== undefined) return <CreatedToken token={token} onClose={onClose} />
  function created(value: string) {
    setToken(value)
    onCreated()
  }
  return <AccessTokenForm onCreated={created} onClose={onClose} />
}

interface CreatedTokenProps {
  readonly token: string
  readonly onClose: () => void
}

/** The one time that it is shown. A click beside it must not make it vanish. */
function CreatedToken({ token, onClose }: CreatedTokenProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('settings.token_created')}
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('settings.close') }}
      centered
    >
      <Stack>
        <Secret label={t('settings.token')} value={token} />
        <CodeBlock label={t('settings.token_try')} code={snippetOf(token)} />
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {t('settings.token_kept')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

const snippetOf = (token: string): string =>
  `curl ${window.location.origin}/api/user/self \\\n  -H "Authorization: ${token}"`

interface DeleteAccessTokenProps {
  readonly token: AccessToken | undefined
  readonly onDeleted: () => void
  readonly onClose: () => void
}

export function DeleteAccessToken({ token, onDeleted, onClose }: DeleteAccessTokenProps) {
  const { t } = useTranslation()
  const deleting = useMutation({
    mutationFn: deleteAccessToken,
    onSuccess() {
      onDeleted()
      onClose()
    },
  })
  return (
    <ConfirmDialog
      opened={token !== undefined}
      title={t('settings.token_delete_title')}
      verb={t('settings.token_delete')}
      pending={deleting.isPending}
      failure={deleting.error}
      onConfirm={() => token !== undefined && deleting.mutate(token)}
      onClose={onClose}
    >
      {t('settings.token_delete_hint', { name: token?.name ?? '' })}
    </ConfirmDialog>
  )
}
