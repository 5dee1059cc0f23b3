import { Button, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { auth } from '../../session/auth.ts'
import { Failure } from '../../ui/failure.tsx'
import { NewPasswordField, useNewPasswordCheck } from '../../ui/new-password-field.tsx'
import { useSecondsLeft } from '../../ui/use-seconds-left.ts'

/** Spends the link on a new password. */
export function NewPasswordForm({ token }: { readonly token: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const check = useNewPasswordCheck()
  const setting = useMutation({
    mutationFn: (values: { readonly newPassword: string }) =>
      auth.post('/reset-password', { ...values, token }),
  })
  const left = useSecondsLeft(setting.error)
  const form = useForm({
    initialValues: { newPassword: '' },
    validate: { newPassword: (value) => check(value, '') },
  })
  if (setting.isSuccess) {
    return (
      <Stack>
        <Text role="status">{t('reset.done')}</Text>
        <Button size="md" fullWidth onClick={() => void navigate({ to: '/sign-in' })}>
          {t('reset.to_sign_in')}
        </Button>
      </Stack>
    )
  }
  return (
    <form noValidate onSubmit={form.onSubmit((values) => setting.mutate(values))}>
      <Stack>
        <NewPasswordField size="md" {...form.getInputProps('newPassword')} />
        {setting.isError ? <Failure failure={setting.error} /> : null}
        <Button type="submit" size="md" loading={setting.isPending} disabled={left > 0} fullWidth>
          {t('reset.submit')}
        </Button>
      </Stack>
    </form>
  )
}
