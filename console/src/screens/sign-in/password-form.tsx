import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { signIn } from '../../session/session.ts'
import { Failure } from '../../ui/failure.tsx'
import { useSecondsLeft } from '../../ui/use-seconds-left.ts'

interface PasswordFormProps {
  readonly onSignedIn: () => Promise<void>
  readonly onCodeDue: () => void
}

export function PasswordForm({ onSignedIn, onCodeDue }: PasswordFormProps) {
  const { t } = useTranslation()
  const entering = useMutation({
    mutationFn: signIn,
    onSuccess: ({ codeDue }) => (codeDue ? onCodeDue() : onSignedIn()),
  })
  const left = useSecondsLeft(entering.error)
  const form = useForm({
    initialValues: { username: '', password: '' },
    validate: {
      username: (value) => (value.trim() === '' ? t('sign_in.username_missing') : null),
      password: (value) => (value === '' ? t('sign_in.password_missing') : null),
    },
  })
  return (
    <form noValidate onSubmit={form.onSubmit((credentials) => entering.mutate(credentials))}>
      <Stack>
        <TextInput
          label={t('sign_in.username')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          size="md"
          {...form.getInputProps('username')}
        />
        <PasswordInput
          label={t('sign_in.password')}
          autoComplete="current-password"
          size="md"
          visibilityToggleButtonProps={{ 'aria-label': t('ui.show_password') }}
          {...form.getInputProps('password')}
        />
        {entering.isError ? <Failure failure={entering.error} /> : null}
        <Button type="submit" size="md" loading={entering.isPending} disabled={left > 0} fullWidth>
          {t('sign_in.submit')}
        </Button>
      </Stack>
    </form>
  )
}
