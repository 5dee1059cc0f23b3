import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { auth } from '../../session/auth.ts'
import { Failure } from '../../ui/failure.tsx'
import { useSecondsLeft } from '../../ui/use-seconds-left.ts'

/** Has a link sent. Who has which address is told to nobody. */
export function AskForLink() {
  const { t } = useTranslation()
  const asking = useMutation({
    mutationFn: ({ email }: { readonly email: string }) =>
      auth.post('/request-password-reset', { email: email.trim() }),
  })
  const left = useSecondsLeft(asking.error)
  const form = useForm({
    initialValues: { email: '' },
    validate: { email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : t('reset.email_bad')) },
  })
  if (asking.isSuccess) return <Text role="status">{t('reset.sent')}</Text>
  return (
    <form noValidate onSubmit={form.onSubmit((values) => asking.mutate(values))}>
      <Stack>
        <TextInput
          label={t('reset.email')}
          type="email"
          autoComplete="email"
          size="md"
          {...form.getInputProps('email')}
        />
        {asking.isError ? <Failure failure={asking.error} /> : null}
        <Button type="submit" size="md" loading={asking.isPending} disabled={left > 0} fullWidth>
          {t('reset.ask')}
        </Button>
      </Stack>
    </form>
  )
}
