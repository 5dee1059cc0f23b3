import { Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { addPasskey } from '../../session/passkeys.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { deviceOf } from './device.ts'
import { type Passkey, removePasskey, renamePasskey } from './security.ts'

const LONGEST_NAME = 64

interface NameDialogProps {
  readonly title: string
  readonly verb: string
  readonly hint?: string
  readonly name: string
  readonly send: (name: string) => Promise<unknown>
  readonly onClose: () => void
}

function NameDialog({ title, verb, hint, name, send, onClose }: NameDialogProps) {
  const { t } = useTranslation()
  const sending = useMutation({ mutationFn: send, onSuccess: onClose })
  const form = useForm({
    initialValues: { name },
    validate: { name: (value) => (value.trim() === '' ? t('settings.name_missing') : null) },
  })
  return (
    <FormDialog
      opened
      title={title}
      verb={verb}
      pending={sending.isPending}
      failure={sending.error}
      onSubmit={form.onSubmit((values) => sending.mutate(values.name.trim()))}
      onClose={onClose}
    >
      {hint === undefined ? null : <Text size="sm">{hint}</Text>}
      <TextInput
        label={t('settings.name')}
        maxLength={LONGEST_NAME}
        data-autofocus
        {...form.getInputProps('name')}
      />
    </FormDialog>
  )
}

export function AddPasskey({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <NameDialog
      title={t('settings.passkey_add')}
      verb={t('settings.passkey_add')}
      hint={t('settings.passkey_add_hint')}
      name={deviceOf(navigator.userAgent).system ?? ''}
      send={addPasskey}
      onClose={onClose}
    />
  )
}

interface PasskeyDialogProps {
  readonly passkey: Passkey
  readonly onClose: () => void
}

export function RenamePasskey({ passkey, onClose }: PasskeyDialogProps) {
  const { t } = useTranslation()
  return (
    <NameDialog
      title={t('settings.passkey_rename')}
      verb={t('settings.rename')}
      name={passkey.name ?? ''}
      send={(name) => renamePasskey(passkey.id, name)}
      onClose={onClose}
    />
  )
}

export function RemovePasskey({ passkey, onClose }: PasskeyDialogProps) {
  const { t } = useTranslation()
  const removing = useMutation({ mutationFn: removePasskey, onSuccess: onClose })
  return (
    <ConfirmDialog
      opened
      title={t('settings.passkey_remove')}
      verb={t('settings.remove')}
      pending={removing.isPending}
      failure={removing.error}
      onConfirm={() => removing.mutate(passkey)}
      onClose={onClose}
    >
      {t('settings.passkey_remove_hint', { name: passkey.name || t('settings.passkey_unnamed') })}
    </ConfirmDialog>
  )
}
