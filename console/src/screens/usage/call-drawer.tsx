import { Drawer, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useSession } from '../../session/use-session.ts'
import { Failure } from '../../ui/failure.tsx'
import { Attempts } from './attempts.tsx'
import { CallFacts } from './call-facts.tsx'
import { CallPrice } from './call-price.tsx'
import { CallTokens } from './call-tokens.tsx'
import classes from './usage.module.css'
import { callQuery } from './usage.ts'
import { WhatHappened } from './what-happened.tsx'

interface CallDrawerProps {
  /** Of the call that is shown; undefined: none is. */
  readonly requestId: string | undefined
  readonly onClose: () => void
}

/** Everything about one call, beside the list. */
export function CallDrawer({ requestId, onClose }: CallDrawerProps) {
  const { t } = useTranslation()
  return (
    <Drawer.Root opened={requestId !== undefined} onClose={onClose} position="right" size={560}>
      <Drawer.Overlay />
      <Drawer.Content>
        {/* Not Mantine's own head, which would be another banner of the page. */}
        <div className={classes.drawerHead}>
          <Drawer.Title className={classes.drawerTitle}>{t('usage.call')}</Drawer.Title>
          <Drawer.CloseButton aria-label={t('usage.close')} />
        </div>
        <Drawer.Body p={0}>
          {requestId === undefined ? null : <Call requestId={requestId} />}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  )
}

function Call({ requestId }: { readonly requestId: string }) {
  const { t } = useTranslation()
  const { data: call, error, refetch } = useQuery(callQuery(requestId, useSession()))
  if (error) {
    return (
      <div className={classes.instead}>
        <Failure failure={error} onRetry={() => void refetch()} />
      </div>
    )
  }
  if (call === undefined) {
    return (
      <Stack
        className={classes.instead}
        gap="lg"
        role="status"
        aria-busy="true"
        aria-label={t('ui.loading')}
      >
        <Skeleton height={64} />
        <Skeleton height={220} />
        <Skeleton height={160} />
      </Stack>
    )
  }
  if (call === null) return <Missing />
  return (
    <>
      <WhatHappened call={call} />
      <CallFacts call={call} />
      <CallTokens call={call} />
      <CallPrice call={call} />
      <Attempts call={call} />
    </>
  )
}

function Missing() {
  const { t } = useTranslation()
  return (
    <Text size="sm" c="dimmed" className={classes.instead}>
      {t('usage.missing')}
    </Text>
  )
}
