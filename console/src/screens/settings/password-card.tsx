import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/card.tsx'
import { PasswordDialog } from './password-dialog.tsx'
import { sessionsQuery } from './security.ts'

export function PasswordCard() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [opened, { open, close }] = useDisclosure()
  const [changed, setChanged] = useState(false)
  function done() {
    setChanged(true)
    close()
    void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
  }
  return (
    <Card
      title={t('settings.password')}
      lead={t('settings.password_lead')}
      action={
        <Button variant="default" onClick={open}>
          {t('settings.password_change')}
        </Button>
      }
    >
      <Text size="sm" role="status">
        {changed ? t('settings.password_changed') : null}
      </Text>
      {opened ? <PasswordDialog onChanged={done} onClose={close} /> : null}
    </Card>
  )
}
