import { Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { PageHeader } from '../../ui/page-header.tsx'
import { IdentitiesCard } from './identities-card.tsx'
import { PasskeysCard } from './passkeys-card.tsx'
import { PasswordCard } from './password-card.tsx'
import { SecondFactorCard } from './second-factor-card.tsx'

export function SecurityScreen() {
  const { t } = useTranslation()
  return (
    <>
      <PageHeader title={t('settings.security')} lead={t('settings.security_lead')} />
      <Stack gap="lg">
        <PasswordCard />
        <SecondFactorCard />
        <PasskeysCard />
        <IdentitiesCard />
      </Stack>
    </>
  )
}
