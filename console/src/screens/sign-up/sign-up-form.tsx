import { Button, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../../api/client.ts'
import { ApiFailure } from '../../api/failure.ts'
import { type Credentials, forgetSession, signIn } from '../../session/session.ts'
import { Failure } from '../../ui/failure.tsx'
import { NewPasswordField, useNewPasswordCheck } from '../../ui/new-password-field.tsx'
import { useSecondsLeft } from '../../ui/use-seconds-left.ts'

const LONGEST_NAME = 64

/** Makes the account and signs in. */
export function SignUpForm({ token }: { readonly token: string | undefined }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const check = useNewPasswordCheck()
  const making = useMutation({
    mutationFn: (credentials: Credentials) => signUp(credentials, token),
    async onSuccess() {
      forgetSession(queryClient)
      await navigate({ to: '/', replace: true })
    },
    onError(failure) {
      if (isTaken(failure)) form.setFieldError('username', t('sign_up.taken'))
    },
  })
  const left = useSecondsLeft(making.error)
  const form = useForm({
    initialValues: { username: '', password: '' },
    validate: {
      username: (value) => (value.trim() === '' ? t('sign_up.username_missing') : null),
      password: (value) => check(value, ''),
    },
  })
  return (
    <form noValidate onSubmit={form.onSubmit((credentials) => making.mutate(credentials))}>
      <Stack>
        <TextInput
          label={t('sign_in.username')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={LONGEST_NAME}
          size="md"
          {...form.getInputProps('username')}
        />
        <NewPasswordField size="md" {...form.getInputProps('password')} />
        {making.isError && !isTaken(making.error) ? <Failure failure={making.error} /> : null}
        <Button type="submit" size="md" loading={making.isPending} disabled={left > 0} fullWidth>
          {t('sign_up.submit')}
        </Button>
      </Stack>
    </form>
  )
}

async function signUp({ username, password }: Credentials, token: string | undefined) {
  const body = { username: username.trim(), password, ...(token === undefined ? {} : { token }) }
  await unwrap(api.POST('/api/sign_up', { body }))
  await signIn({ username: body.username, password })
}

const isTaken = (failure: unknown): boolean =>
  failure instanceof ApiFailure && failure.code === 'already_exists'
