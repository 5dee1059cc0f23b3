import { Button, Divider, Stack } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { passkeysWork, signInByPasskey } from '../../session/passkeys.ts'
import type { GatewayStatus } from '../../session/status.ts'
import { Failure } from '../../ui/failure.tsx'

interface OtherWaysProps {
  readonly ways: GatewayStatus['sign_in']
  readonly onSignedIn: () => Promise<void>
}

/** Ways in without a password, below its form; only those that work here. */
export function OtherWays({ ways, onSignedIn }: OtherWaysProps) {
  const { t } = useTranslation()
  if (!(ways.passkey && passkeysWork())) return null
  return (
    <Stack mt="lg">
      <Divider label={t('sign_in.or')} />
      <PasskeyButton onSignedIn={onSignedIn} />
    </Stack>
  )
}

function PasskeyButton({ onSignedIn }: Pick<OtherWaysProps, 'onSignedIn'>) {
  const { t } = useTranslation()
  const entering = useMutation({ mutationFn: signInByPasskey, onSuccess: onSignedIn })
  return (
    <>
      {entering.isError ? <Failure failure={entering.error} /> : null}
      <Button
        variant="default"
        size="md"
        fullWidth
        leftSection={<IconFingerprint size={20} stroke={1.75} aria-hidden="true" />}
        loading={entering.isPending}
        onClick={() => entering.mutate()}
      >
        {t('sign_in.passkey')}
      </Button>
    </>
  )
}
