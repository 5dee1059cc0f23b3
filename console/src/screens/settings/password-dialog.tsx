import { PasswordInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { changePassword, setFirstPassword } from '../../session/session.ts'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { NewPasswordField, useNewPasswordCheck } from '../../ui/new-password-field.tsx'

interface PasswordDialogProps {
  readonly onChanged: () => void
  readonly onClose: () => void
}

export function PasswordDialog({ onChanged, onClose }: PasswordDialogProps) {
  const { t } = useTranslation()
  const check = useNewPasswordCheck()
  const changing = useMutation({ mutationFn: changePassword, onSuccess: onChanged })
  const form = useForm({
    initialValues: { currentPassword: '', newPassword: '' },
    validate: {
      currentPassword: (value) => (value === '' ? t('settings.password_missing') : null),
      newPassword: (value, { currentPassword }) => check(value, currentPassword),
    },
  })
  return (
    <FormDialog
      opened
      title={t('settings.password_change')}
      verb={t('settings.password_change')}
      pending={changing.isPending}
      failure={changing.error}
      onSubmit={form.onSubmit((values) => changing.mutate(values))}
      onClose={onClose}
    >
      <PasswordInput
        label={t('settings.password_present')}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ 'aria-label': t('ui.show_password') }}
        data-autofocus
        {...form.getInputProps('currentPassword')}
      />
      <NewPasswordField {...form.getInputProps('newPassword')} />
    </FormDialog>
  )
}

/** For whoever signs in in another way, and knows no present one. */
export function FirstPasswordDialog({ onChanged, onClose }: PasswordDialogProps) {
  const { t } = useTranslation()
  const check = useNewPasswordCheck()
  const setting = useMutation({ mutationFn: setFirstPassword, onSuccess: onChanged })
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: (value) => check(value, '') },
  })
  return (
    <FormDialog
      opened
      title={t('settings.password_set')}
      verb={t('settings.password_set')}
      pending={setting.isPending}
      failure={setting.error}
      onSubmit={form.onSubmit(({ password }) => setting.mutate(password))}
      onClose={onClose}
    >
      <NewPasswordField data-autofocus {...form.getInputProps('password')} />
    </FormDialog>
  )
}
