import { Button, Skeleton, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDeviceLaptop, IconDeviceMobile } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { DateTime, TimeAgo } from '../../ui/date-time.tsx'
import { Failure } from '../../ui/failure.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Row, Rows } from '../../ui/rows.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { deviceOf } from './device.ts'
import {
  endOtherSessions,
  endSession,
  type OwnSession,
  presentQuery,
  sessionsQuery,
} from './security.ts'

export function SessionsScreen() {
  const { t } = useTranslation()
  const sessions = useQuery(sessionsQuery)
  const present = useQuery(presentQuery)
  const here = present.data?.session.id
  // Without knowing which one this is, it would be among those that can be ended.
  const failure = sessions.error ?? present.error
  const retry = () => void Promise.all([sessions.refetch(), present.refetch()])
  const others = sessions.data?.filter(({ id }) => id !== here).length ?? 0
  return (
    <>
      <PageHeader
        title={t('settings.sessions')}
        lead={t('settings.sessions_lead')}
        action={<EndOthers count={others} />}
      />
      {failure ? (
        <Failure failure={failure} onRetry={retry} />
      ) : (
        <Card title={t('settings.sessions_open')}>
          {sessions.data === undefined || present.data === undefined ? (
            <Skeleton height={64} />
          ) : (
            <SessionRows sessions={sessions.data} here={here} />
          )}
        </Card>
      )}
    </>
  )
}

interface SessionRowsProps {
  readonly sessions: readonly OwnSession[]
  /** The id of this session. */
  readonly here: string | undefined
}

/** This session first, then those that were used last. */
function SessionRows({ sessions, here }: SessionRowsProps) {
  const { t } = useTranslation()
  const [ending, setEnding] = useState<OwnSession>()
  const sorted = [...sessions].sort(
    (a, b) => Number(b.id === here) - Number(a.id === here) || usedAt(b) - usedAt(a),
  )
  return (
    <>
      <Rows label={t('settings.sessions_open')}>
        {sorted.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            isHere={session.id === here}
            onEnd={() => setEnding(session)}
          />
        ))}
      </Rows>
      <EndOne session={ending} onClose={() => setEnding(undefined)} />
    </>
  )
}

interface SessionRowProps {
  readonly session: OwnSession
  readonly isHere: boolean
  readonly onEnd: () => void
}

function SessionRow({ session, isHere, onEnd }: SessionRowProps) {
  const { t } = useTranslation()
  const device = useDeviceName()(session)
  const Icon = deviceOf(session.userAgent ?? '').isPhone ? IconDeviceMobile : IconDeviceLaptop
  return (
    <Row
      icon={<Icon size={24} stroke={1.5} />}
      actions={
        isHere ? (
          <StatusBadge tone="good" label={t('settings.session_here')} />
        ) : (
          <Button variant="default" size="xs" onClick={onEnd} aria-label={endOf(t, device)}>
            {t('settings.session_end')}
          </Button>
        )
      }
    >
      <Text size="sm" fw={600} truncate title={session.userAgent ?? device}>
        {device}
      </Text>
      <Text size="sm" c="dimmed">
        {session.ipAddress}
        {' · '}
        {t('settings.session_used')} <TimeAgo seconds={usedAt(session)} />
        {' · '}
        {t('settings.session_since')} <DateTime seconds={Date.parse(session.createdAt) / 1000} />
      </Text>
    </Row>
  )
}

function EndOne({
  session,
  onClose,
}: {
  readonly session: OwnSession | undefined
  readonly onClose: () => void
}) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const nameOf = useDeviceName()
  const ending = useMutation({
    mutationFn: endSession,
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
      onClose()
    },
  })
  return (
    <ConfirmDialog
      opened={session !== undefined}
      title={t('settings.session_end')}
      verb={t('settings.session_end')}
      pending={ending.isPending}
      failure={ending.error}
      onConfirm={() => session !== undefined && ending.mutate(session)}
      onClose={onClose}
    >
      {session === undefined
        ? null
        : t('settings.session_end_hint', {
            device: nameOf(session),
            address: session.ipAddress ?? '',
          })}
    </ConfirmDialog>
  )
}

function EndOthers({ count }: { readonly count: number }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [opened, { open, close }] = useDisclosure()
  const ending = useMutation({
    mutationFn: endOtherSessions,
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
      close()
    },
  })
  return (
    <>
      <Button variant="default" disabled={count === 0} onClick={open}>
        {t('settings.sessions_end')}
      </Button>
      <ConfirmDialog
        opened={opened}
        title={t('settings.sessions_end')}
        verb={t('settings.sessions_end')}
        pending={ending.isPending}
        failure={ending.error}
        onConfirm={() => ending.mutate()}
        onClose={close}
      >
        {t('settings.sessions_end_hint', { count })}
      </ConfirmDialog>
    </>
  )
}

const usedAt = ({ lastUsedAt, createdAt }: OwnSession): number =>
  Date.parse(lastUsedAt ?? createdAt) / 1000

const endOf = (t: TFunction, device: string): string => `${t('settings.session_end')}: ${device}`

/** Names a session's device in the reader's language. */
function useDeviceName(): (session: OwnSession) => string {
  const { t } = useTranslation()
  return ({ userAgent }) => {
    const { browser, system } = deviceOf(userAgent ?? '')
    if (browser !== undefined && system !== undefined) {
      return t('settings.device', { browser, system })
    }
    return browser ?? system ?? (userAgent || t('settings.device_unknown'))
  }
}
