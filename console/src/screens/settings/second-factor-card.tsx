import { Button, Skeleton } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/card.tsx'
import { Failure } from '../../ui/failure.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { RecoveryCodesDialog, SwitchOffDialog } from './second-factor-dialogs.tsx'
import { SecondFactorSetUp } from './second-factor-set-up.tsx'
import { presentQuery } from './security.ts'

type Open = 'set_up' | 'codes' | 'off'

export function SecondFactorCard() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const present = useQuery(presentQuery)
  const [open, setOpen] = useState<Open>()
  // What could not be asked is neither on nor off.
  const isKnown = present.data !== undefined
  const isOn = present.data?.user.twoFactorEnabled === true
  function close() {
    setOpen(undefined)
    void queryClient.invalidateQueries({ queryKey: presentQuery.queryKey })
  }
  return (
    <Card
      title={t('settings.second_factor')}
      lead={t('settings.second_factor_lead')}
      badge={isKnown ? <OnOrOff isOn={isOn} /> : undefined}
      action={
        isKnown ? (
          <Actions {...{ isOn, setOpen }} />
        ) : present.isPending ? (
          <Skeleton height={36} width={120} />
        ) : undefined
      }
    >
      {present.isError ? (
        <Failure failure={present.error} onRetry={() => void present.refetch()} />
      ) : null}
      {open === 'set_up' ? <SecondFactorSetUp onClose={close} /> : null}
      {open === 'codes' ? <RecoveryCodesDialog onClose={close} /> : null}
      {open === 'off' ? <SwitchOffDialog onClose={close} /> : null}
    </Card>
  )
}

function OnOrOff({ isOn }: { readonly isOn: boolean }) {
  const { t } = useTranslation()
  return isOn ? (
    <StatusBadge tone="good" label={t('settings.on')} />
  ) : (
    <StatusBadge tone="off" label={t('settings.off')} />
  )
}

interface ActionsProps {
  readonly isOn: boolean
  readonly setOpen: (open: Open) => void
}

function Actions({ isOn, setOpen }: ActionsProps) {
  const { t } = useTranslation()
  if (!isOn) {
    return (
      <Button variant="default" onClick={() => setOpen('set_up')}>
        {t('settings.second_factor_set_up')}
      </Button>
    )
  }
  return (
    <>
      <Button variant="default" onClick={() => setOpen('codes')}>
        {t('settings.recovery_codes_new')}
      </Button>
      <Button variant="default" onClick={() => setOpen('off')}>
        {t('settings.second_factor_off')}
      </Button>
    </>
  )
}
