import { Button, Skeleton, Text } from '@mantine/core'
import { IconShieldLock } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { linkTo, providerName } from '../../session/providers.ts'
import { statusQuery } from '../../session/status.ts'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Row, Rows } from '../../ui/rows.tsx'
import { identitiesQuery, unlinkIdentity } from './security.ts'

const HERE = '/console/settings/security'

/** Accounts elsewhere that open this one; nothing where the operator configured none. */
export function IdentitiesCard() {
  const { t } = useTranslation()
  const { data: status } = useQuery(statusQuery)
  const identities = useQuery(identitiesQuery)
  const providers = status?.sign_in.providers ?? []
  if (providers.length === 0) return null
  const linked = new Set(identities.data?.map(({ providerId }) => providerId))
  return (
    <Card title={t('settings.identities')} lead={t('settings.identities_lead')}>
      {identities.isPending ? <Skeleton height={40} /> : null}
      {identities.isError ? (
        <Failure failure={identities.error} onRetry={() => void identities.refetch()} />
      ) : null}
      {identities.isSuccess ? (
        <Rows label={t('settings.identities')}>
          {providers.map((provider) => (
            <IdentityRow key={provider} provider={provider} isLinked={linked.has(provider)} />
          ))}
        </Rows>
      ) : null}
    </Card>
  )
}

interface IdentityRowProps {
  readonly provider: string
  readonly isLinked: boolean
}

function IdentityRow({ provider, isLinked }: IdentityRowProps) {
  const { t } = useTranslation()
  const name = providerName(provider) ?? t('sign_in.single_sign_on')
  const linking = useMutation({
    mutationFn: () => linkTo(provider, { callbackURL: HERE, errorCallbackURL: HERE }),
    onSuccess: (url) => window.location.assign(url),
  })
  return (
    <Row
      icon={<IconShieldLock size={24} stroke={1.5} />}
      actions={
        isLinked ? (
          <Unlink provider={provider} name={name} />
        ) : (
          <Button
            variant="default"
            size="xs"
            loading={linking.isPending || linking.isSuccess}
            onClick={() => linking.mutate()}
            aria-label={`${t('settings.identity_link')}: ${name}`}
          >
            {t('settings.identity_link')}
          </Button>
        )
      }
    >
      <Text size="sm" fw={600}>
        {name.charAt(0).toUpperCase() + name.slice(1)}
      </Text>
      <Text size="sm" c="dimmed">
        {t(isLinked ? 'settings.identity_linked' : 'settings.identity_not_linked')}
      </Text>
      {linking.isError ? <Failure failure={linking.error} /> : null}
    </Row>
  )
}

function Unlink({ provider, name }: { readonly provider: string; readonly name: string }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [asking, setAsking] = useState(false)
  const unlinking = useMutation({
    mutationFn: () => unlinkIdentity(provider),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: identitiesQuery.queryKey }),
  })
  return (
    <>
      <Button
        variant="default"
        size="xs"
        onClick={() => setAsking(true)}
        aria-label={`${t('settings.identity_unlink')}: ${name}`}
      >
        {t('settings.identity_unlink')}
      </Button>
      <ConfirmDialog
        opened={asking}
        title={t('settings.identity_unlink')}
        verb={t('settings.identity_unlink')}
        pending={unlinking.isPending}
        failure={unlinking.error}
        onConfirm={() => unlinking.mutate()}
        onClose={() => setAsking(false)}
      >
        {t('settings.identity_unlink_hint', { name })}
      </ConfirmDialog>
    </>
  )
}
