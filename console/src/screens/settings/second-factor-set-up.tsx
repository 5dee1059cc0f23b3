import { Anchor, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendCode } from '../../session/session.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { QrCode } from '../../ui/qr-code.tsx'
import { ShownCodesDialog } from './recovery-codes.tsx'
import { AskPassword } from './second-factor-dialogs.tsx'
import classes from './second-factor-set-up.module.css'
import { beginSecondFactor, type SecondFactor } from './security.ts'

/** Password, then the secret and a first code, then the recovery codes. Left before that, nothing has changed. */
export function SecondFactorSetUp({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const [begun, setBegun] = useState<SecondFactor>()
  const [proven, setProven] = useState(false)
  if (begun === undefined) {
    return (
      <AskPassword
        title={t('settings.second_factor_set_up')}
        verb={t('settings.continue')}
        hint={t('settings.second_factor_begin')}
        send={beginSecondFactor}
        onDone={setBegun}
        onClose={onClose}
      />
    )
  }
  if (!proven) {
    return <FirstCode uri={begun.totpURI} onProven={() => setProven(true)} onClose={onClose} />
  }
  return <ShownCodesDialog codes={begun.backupCodes} onClose={onClose} />
}

interface FirstCodeProps {
  readonly uri: string
  readonly onProven: () => void
  readonly onClose: () => void
}

/** An authenticator that was given a wrong secret would lock its owner out: so it shows a code first. */
function FirstCode({ uri, onProven, onClose }: FirstCodeProps) {
  const { t } = useTranslation()
  const sending = useMutation({
    mutationFn: ({ code }: { readonly code: string }) => sendCode(code.replaceAll(/\s/g, '')),
    onSuccess: onProven,
  })
  const form = useForm({
    initialValues: { code: '' },
    validate: { code: (value) => (value.trim() === '' ? t('sign_in.code_missing') : null) },
  })
  return (
    <FormDialog
      opened
      title={t('settings.second_factor_set_up')}
      verb={t('settings.second_factor_on')}
      pending={sending.isPending}
      failure={sending.error}
      onSubmit={form.onSubmit((values) => sending.mutate(values))}
      onClose={onClose}
    >
      <AuthenticatorSecret uri={uri} />
      <TextInput
        label={t('sign_in.code')}
        description={t('sign_in.code_hint')}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={8}
        data-autofocus
        {...form.getInputProps('code')}
      />
    </FormDialog>
  )
}

function AuthenticatorSecret({ uri }: Pick<FirstCodeProps, 'uri'>) {
  const { t } = useTranslation()
  const secret = new URL(uri).searchParams.get('secret') ?? ''
  return (
    <Stack gap="sm">
      <Text size="sm">{t('settings.secret_hint')}</Text>
      <QrCode text={uri} label={t('settings.secret_picture')} />
      <figure className={classes.secret} aria-label={t('settings.secret')}>
        <code className={classes.value}>{secret.match(/.{1,4}/g)?.join(' ')}</code>
        <CopyButton text={secret} />
      </figure>
      <Anchor href={uri} size="sm">
        {t('settings.secret_open')}
      </Anchor>
    </Stack>
  )
}
