import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendCode, sendRecoveryCode } from '../../session/session.ts'
import { Failure } from '../../ui/failure.tsx'
import { useSecondsLeft } from '../../ui/use-seconds-left.ts'

interface CodeFormProps {
  readonly onSignedIn: () => Promise<void>
  /** To the password, which has to be sent again. */
  readonly onBack: () => void
}

/** The step after the password: a code of the authenticator, or one of the recovery codes. */
export function CodeForm({ onSignedIn, onBack }: CodeFormProps) {
  const { t } = useTranslation()
  const [kind, setKind] = useState<Kind>('code')
  const other = kind === 'code' ? 'recovery_code' : 'code'
  return (
    <Stack>
      <OneCode key={kind} kind={kind} onSignedIn={onSignedIn} />
      <Group justify="space-between" gap="sm">
        <Anchor component="button" type="button" size="sm" onClick={() => setKind(other)}>
          {t(`sign_in.use_${other}`)}
        </Anchor>
        <Anchor component="button" type="button" size="sm" onClick={onBack}>
          {t('sign_in.back')}
        </Anchor>
      </Group>
    </Stack>
  )
}

type Kind = 'code' | 'recovery_code'

/** What a field for each is like, beside its texts. */
const FIELDS = {
  code: { send: sendCode, inputMode: 'numeric', autoComplete: 'one-time-code', maxLength: 8 },
  recovery_code: {
    send: sendRecoveryCode,
    inputMode: 'text',
    autoComplete: 'off',
    maxLength: 64,
  },
} as const

interface OneCodeProps {
  readonly kind: Kind
  readonly onSignedIn: () => Promise<void>
}

function OneCode({ kind, onSignedIn }: OneCodeProps) {
  const { t } = useTranslation()
  const { send, ...field } = FIELDS[kind]
  // Authenticators show a gap in the middle, which is copied with the digits.
  const sending = useMutation({
    mutationFn: ({ code }: { readonly code: string }) => send(code.replaceAll(/\s/g, '')),
    onSuccess: onSignedIn,
    onError: () => form.reset(),
  })
  const left = useSecondsLeft(sending.error)
  const form = useForm({
    initialValues: { code: '' },
    validate: { code: (value) => (value.trim() === '' ? t('sign_in.code_missing') : null) },
  })
  return (
    <form noValidate onSubmit={form.onSubmit((values) => sending.mutate(values))}>
      <Stack>
        <TextInput
          label={t(`sign_in.${kind}`)}
          description={t(`sign_in.${kind}_hint`)}
          size="md"
          autoFocus
          autoCapitalize="none"
          spellCheck={false}
          {...field}
          {...form.getInputProps('code')}
        />
        {sending.isError ? <Failure failure={sending.error} /> : null}
        <Button type="submit" size="md" loading={sending.isPending} disabled={left > 0} fullWidth>
          {t('sign_in.submit')}
        </Button>
      </Stack>
    </form>
  )
}
