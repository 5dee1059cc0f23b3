import { Button, Divider, Stack } from '@mantine/core'
import {
  IconBrandGithub,
  IconBrandGoogle,
  IconFingerprint,
  type IconProps,
  IconShieldLock,
} from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { passkeysWork, signInByPasskey } from '../../session/passkeys.ts'
import { providerName, signInBy } from '../../session/providers.ts'
import type { GatewayStatus } from '../../session/status.ts'
import { Failure } from '../../ui/failure.tsx'

interface OtherWaysProps {
  readonly ways: GatewayStatus['sign_in']
  /** Within the console. */
  readonly returnTo: string
  readonly onSignedIn: () => Promise<void>
}

/** Ways in without a password, below its form; only those that work here. */
export function OtherWays({ ways, returnTo, onSignedIn }: OtherWaysProps) {
  const { t } = useTranslation()
  const passkey = ways.passkey && passkeysWork()
  if (!passkey && ways.providers.length === 0) return null
  return (
    <Stack mt="lg">
      <Divider label={t('sign_in.or')} />
      {passkey ? <PasskeyButton onSignedIn={onSignedIn} /> : null}
      {ways.providers.map((provider) => (
        <ProviderButton key={provider} provider={provider} returnTo={returnTo} />
      ))}
    </Stack>
  )
}

function PasskeyButton({ onSignedIn }: Pick<OtherWaysProps, 'onSignedIn'>) {
  const { t } = useTranslation()
  const entering = useMutation({ mutationFn: signInByPasskey, onSuccess: onSignedIn })
  return (
    <>
      {entering.isError ? <Failure failure={entering.error} /> : null}
      <WayButton
        icon={IconFingerprint}
        label={t('sign_in.passkey')}
        pending={entering.isPending}
        onClick={() => entering.mutate()}
      />
    </>
  )
}

const ICONS: Readonly<Record<string, ComponentType<IconProps>>> = {
  github: IconBrandGithub,
  google: IconBrandGoogle,
}

interface ProviderButtonProps {
  readonly provider: string
  readonly returnTo: string
}

function ProviderButton({ provider, returnTo }: ProviderButtonProps) {
  const { t } = useTranslation()
  const leaving = useMutation({
    mutationFn: () =>
      signInBy(provider, {
        callbackURL: `/console${returnTo}`,
        errorCallbackURL: '/console/sign-in',
      }),
    onSuccess: (url) => window.location.assign(url),
  })
  const name = providerName(provider) ?? t('sign_in.single_sign_on')
  return (
    <>
      {leaving.isError ? <Failure failure={leaving.error} /> : null}
      <WayButton
        icon={ICONS[provider] ?? IconShieldLock}
        label={t('sign_in.by', { name })}
        pending={leaving.isPending || leaving.isSuccess}
        onClick={() => leaving.mutate()}
      />
    </>
  )
}

interface WayButtonProps {
  readonly icon: ComponentType<IconProps>
  readonly label: string
  readonly pending: boolean
  readonly onClick: () => void
}

function WayButton({ icon: Icon, label, pending, onClick }: WayButtonProps) {
  return (
    <Button
      variant="default"
      size="md"
      fullWidth
      leftSection={<Icon size={20} stroke={1.75} aria-hidden="true" />}
      loading={pending}
      onClick={onClick}
    >
      {label}
    </Button>
  )
}
