import { Button, PasswordInput, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { changePassword, sessionQuery } from '../../session/session.ts'
import { Failure } from '../../ui/failure.tsx'
import { NewPasswordField, useNewPasswordCheck } from '../../ui/new-password-field.tsx'
import { useSecondsLeft } from '../../ui/use-seconds-left.ts'

/** The one step that nobody skips: the printed password may have been read by others. */
export function PasswordStep({ onDone }: { readonly onDone: () => Promise<void> }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const check = useNewPasswordCheck()
  const changing = useMutation({
    mutationFn: changePassword,
    async onSuccess() {
      await queryClient.refetchQueries({ queryKey: sessionQuery.queryKey })
      await onDone()
    },
  })
  const left = useSecondsLeft(changing.error)
  const form = useForm({
    initialValues: { currentPassword: '', newPassword: '' },
    validate: {
      currentPassword: (value) => (value === '' ? t('set_up.password_missing') : null),
      newPassword: (value, { currentPassword }) => check(value, currentPassword),
    },
  })
  return (
    <form noValidate onSubmit={form.onSubmit((values) => changing.mutate(values))}>
      <Stack>
        <PasswordInput
          label={t('set_up.password_present')}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': t('ui.show_password') }}
          {...form.getInputProps('currentPassword')}
        />
        <NewPasswordField {...form.getInputProps('newPassword')} />
        {changing.isError ? <Failure failure={changing.error} /> : null}
        <Button
          type="submit"
          loading={changing.isPending}
          disabled={left > 0}
          style={{ alignSelf: 'flex-end' }}
        >
          {t('set_up.password_submit')}
        </Button>
      </Stack>
    </form>
  )
}
