import { Button, Skeleton, Text } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { passkeysWork } from '../../session/passkeys.ts'
import { Card } from '../../ui/card.tsx'
import { DateTime } from '../../ui/date-time.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Row, Rows } from '../../ui/rows.tsx'
import { AddPasskey, RemovePasskey, RenamePasskey } from './passkey-dialogs.tsx'
import { type Passkey, passkeysQuery } from './security.ts'

type Open = 'add' | { readonly rename: Passkey } | { readonly remove: Passkey }

export function PasskeysCard() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const passkeys = useQuery(passkeysQuery)
  const [open, setOpen] = useState<Open>()
  function close() {
    setOpen(undefined)
    void queryClient.invalidateQueries({ queryKey: passkeysQuery.queryKey })
  }
  return (
    <Card
      title={t('settings.passkeys')}
      lead={t(passkeysWork() ? 'settings.passkeys_lead' : 'settings.passkeys_not_here')}
      action={
        <Button variant="default" disabled={!passkeysWork()} onClick={() => setOpen('add')}>
          {t('settings.passkey_add')}
        </Button>
      }
    >
      {passkeys.isPending ? <Skeleton height={40} /> : null}
      {passkeys.isError ? (
        <Failure failure={passkeys.error} onRetry={() => void passkeys.refetch()} />
      ) : null}
      {passkeys.data?.length ? <PasskeyRows passkeys={passkeys.data} onOpen={setOpen} /> : null}
      {open === 'add' ? <AddPasskey onClose={close} /> : null}
      {typeof open === 'object' && 'rename' in open ? (
        <RenamePasskey passkey={open.rename} onClose={close} />
      ) : null}
      {typeof open === 'object' && 'remove' in open ? (
        <RemovePasskey passkey={open.remove} onClose={close} />
      ) : null}
    </Card>
  )
}

interface PasskeyRowsProps {
  readonly passkeys: readonly Passkey[]
  readonly onOpen: (open: Open) => void
}

function PasskeyRows({ passkeys, onOpen }: PasskeyRowsProps) {
  const { t } = useTranslation()
  return (
    <Rows label={t('settings.passkeys')}>
      {passkeys.map((passkey) => {
        const name = passkey.name || t('settings.passkey_unnamed')
        return (
          <Row
            key={passkey.id}
            icon={<IconFingerprint size={24} stroke={1.5} />}
            actions={
              <>
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`${t('settings.rename')}: ${name}`}
                  onClick={() => onOpen({ rename: passkey })}
                >
                  {t('settings.rename')}
                </Button>
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`${t('settings.remove')}: ${name}`}
                  onClick={() => onOpen({ remove: passkey })}
                >
                  {t('settings.remove')}
                </Button>
              </>
            }
          >
            <Text size="sm" fw={600} truncate title={name}>
              {name}
            </Text>
            {passkey.createdAt === null ? null : (
              <Text size="sm" c="dimmed">
                {t('settings.added')} <DateTime seconds={Date.parse(passkey.createdAt) / 1000} />
              </Text>
            )}
          </Row>
        )
      })}
    </Rows>
  )
}
