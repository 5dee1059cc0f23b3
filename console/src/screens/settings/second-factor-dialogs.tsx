import { PasswordInput, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { ShownCodesDialog } from './recovery-codes.tsx'
import { endSecondFactor, newRecoveryCodes } from './security.ts'

interface AskPasswordProps<Answer> {
  readonly title: string
  readonly verb: string
  /** What will happen. */
  readonly hint: string
  readonly color?: 'red'
  readonly send: (password: string) => Promise<Answer>
  readonly onDone: (answer: Answer) => void
  readonly onClose: () => void
}

/** Whoever found a screen that somebody left open does not know the password. */
export function AskPassword<Answer>(props: AskPasswordProps<Answer>) {
  const { t } = useTranslation()
  const sending = useMutation({ mutationFn: props.send, onSuccess: props.onDone })
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: (value) => (value === '' ? t('settings.password_missing') : null) },
  })
  return (
    <FormDialog
      opened
      title={props.title}
      verb={props.verb}
      {...(props.color === undefined ? {} : { color: props.color })}
      pending={sending.isPending}
      failure={sending.error}
      onSubmit={form.onSubmit(({ password }) => sending.mutate(password))}
      onClose={props.onClose}
    >
      <Text size="sm">{props.hint}</Text>
      <PasswordInput
        label={t('settings.password_present')}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ 'aria-label': t('ui.show_password') }}
        data-autofocus
        {...form.getInputProps('password')}
      />
    </FormDialog>
  )
}

interface DialogProps {
  readonly onClose: () => void
}

export function SwitchOffDialog({ onClose }: DialogProps) {
  const { t } = useTranslation()
  return (
    <AskPassword
      title={t('settings.second_factor_off')}
      verb={t('settings.second_factor_off')}
      hint={t('settings.second_factor_off_hint')}
      color="red"
      send={endSecondFactor}
      onDone={onClose}
      onClose={onClose}
    />
  )
}

export function RecoveryCodesDialog({ onClose }: DialogProps) {
  const { t } = useTranslation()
  const making = useMutation({ mutationFn: newRecoveryCodes })
  if (making.data === undefined) {
    return (
      <AskPassword
        title={t('settings.recovery_codes_new')}
        verb={t('settings.recovery_codes_make')}
        hint={t('settings.recovery_codes_new_hint')}
        send={making.mutateAsync}
        onDone={() => undefined}
        onClose={onClose}
      />
    )
  }
  return <ShownCodesDialog codes={making.data} onClose={onClose} />
}
