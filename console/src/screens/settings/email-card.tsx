import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { IconCheck } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../../api/client.ts'
import { tokenIn } from '../../session/one-time-link.ts'
import { sessionQuery } from '../../session/session.ts'
import { statusQuery } from '../../session/status.ts'
import { useSession } from '../../session/use-session.ts'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'

type Open = 'change' | 'remove'

/** The address of the account, whether it is proven, and how it becomes another one. */
export function EmailCard() {
  const { t } = useTranslation()
  const { email, email_verified: isProven } = useSession()
  const sends = useQuery(statusQuery).data?.sign_in.email === true
  const [opened, setOpened] = useState<Open>()
  const [sentTo, setSentTo] = useState<string>()
  const close = () => setOpened(undefined)
  return (
    <Card title={t('settings.email')} lead={t('settings.email_lead')}>
      <Stack gap="sm">
        <Group gap="sm">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {email ?? t('settings.email_none')}
          </Text>
          {email === undefined ? null : (
            <StatusBadge
              tone={isProven ? 'good' : 'ended'}
              label={t(isProven ? 'settings.email_proven' : 'settings.email_unproven')}
            />
          )}
        </Group>
        <ByLink />
        <Text size="sm" role="status">
          {sentTo === undefined ? null : t('settings.email_sent', { email: sentTo })}
        </Text>
        <Group gap="sm">
          {sends ? (
            <Button variant="default" onClick={() => setOpened('change')}>
              {t(email === undefined ? 'settings.email_add' : 'settings.email_change')}
            </Button>
          ) : (
            <Text size="sm" c="dimmed">
              {t('settings.email_by_administrator')}
            </Text>
          )}
          {email === undefined ? null : (
            <Button variant="subtle" color="gray" onClick={() => setOpened('remove')}>
              {t('settings.email_remove')}
            </Button>
          )}
        </Group>
      </Stack>
      {opened === 'change' ? (
        <ChangeDialog
          onSent={(address) => {
            setSentTo(address)
            close()
          }}
          onClose={close}
        />
      ) : null}
      {opened === 'remove' ? <RemoveDialog onClose={close} /> : null}
    </Card>
  )
}

/** What a link that was sent to the new address asks: whoever opened it says yes here. */
function ByLink() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const token = tokenIn(useLocation({ select: ({ hash }) => hash }))
  const confirming = useMutation({
    mutationFn: (sent: string) =>
      unwrap(api.POST('/api/user/self/email/confirm', { body: { token: sent } })),
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey })
      // Used up, and nobody's business.
      await navigate({ to: '/settings', hash: '', replace: true })
    },
  })
  if (confirming.isSuccess) {
    return (
      <Alert role="status" color="pine" variant="light" icon={<IconCheck size={20} />}>
        {t('settings.email_confirmed', { email: confirming.data.email })}
      </Alert>
    )
  }
  if (token === undefined) return null
  return (
    <Stack gap="sm" align="flex-start">
      <Text size="sm">{t('settings.email_confirm_hint')}</Text>
      {confirming.isError ? <Failure failure={confirming.error} /> : null}
      <Button loading={confirming.isPending} onClick={() => confirming.mutate(token)}>
        {t('settings.email_confirm')}
      </Button>
    </Stack>
  )
}

const setEmail = (email: string | null) =>
  unwrap(api.PUT('/api/user/self/email', { body: { email } }))

interface ChangeDialogProps {
  readonly onSent: (address: string) => void
  readonly onClose: () => void
}

function ChangeDialog({ onSent, onClose }: ChangeDialogProps) {
  const { t } = useTranslation()
  const { email, email_verified: isProven } = useSession()
  const asking = useMutation({
    mutationFn: (address: string) => setEmail(address),
    onSuccess: (_, address) => onSent(address),
  })
  const form = useForm({
    // One that nobody has proven yet is most likely the one that is meant.
    initialValues: { email: isProven === false ? (email ?? '') : '' },
    validate: { email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : t('reset.email_bad')) },
  })
  return (
    <FormDialog
      opened
      title={t(email === undefined ? 'settings.email_add' : 'settings.email_change')}
      verb={t('settings.email_send')}
      pending={asking.isPending}
      failure={asking.error}
      onSubmit={form.onSubmit((values) => asking.mutate(values.email.trim()))}
      onClose={onClose}
    >
      <TextInput
        label={t('settings.email')}
        description={t('settings.email_change_hint')}
        type="email"
        autoComplete="email"
        maxLength={254}
        data-autofocus
        {...form.getInputProps('email')}
      />
    </FormDialog>
  )
}

function RemoveDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const removing = useMutation({
    mutationFn: () => setEmail(null),
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey })
      onClose()
    },
  })
  return (
    <ConfirmDialog
      opened
      title={t('settings.email_remove')}
      verb={t('settings.email_remove')}
      pending={removing.isPending}
      failure={removing.error}
      onConfirm={() => removing.mutate()}
      onClose={onClose}
    >
      {t('settings.email_remove_hint')}
    </ConfirmDialog>
  )
}
