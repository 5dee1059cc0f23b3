import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../../session/session.ts'
import { useSession } from '../../session/use-session.ts'
import { Card } from '../../ui/card.tsx'
import { FirstPasswordDialog, PasswordDialog } from './password-dialog.tsx'
import { sessionsQuery } from './security.ts'

export function PasswordCard() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [opened, { open, close }] = useDisclosure()
  const isMissing = useSession().password_missing === true
  const Dialog = isMissing ? FirstPasswordDialog : PasswordDialog
  const [changed, setChanged] = useState(false)
  function done() {
    setChanged(true)
    close()
    void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey })
  }
  return (
    <Card
      title={t('settings.password')}
      lead={t(isMissing ? 'settings.password_none' : 'settings.password_lead')}
      action={
        <Button variant="default" onClick={open}>
          {t(isMissing ? 'settings.password_set' : 'settings.password_change')}
        </Button>
      }
    >
      <Text size="sm" role="status">
        {changed ? t('settings.password_changed') : null}
      </Text>
      {opened ? <Dialog onChanged={done} onClose={close} /> : null}
    </Card>
  )
}
