import { VisuallyHidden } from '@mantine/core'
import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { type ErrorComponentProps, useMatches, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from './failure.tsx'
import classes from './screen-failure.module.css'

/** In place of a screen that could not be shown: within the shell, where that is there, or else alone. */
export function ScreenFailure({ error }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  const { reset } = useQueryErrorResetBoundary()
  useEffect(reset, [reset])
  const isInShell = useMatches({
    select: (matches) =>
      matches.some(({ routeId, status }) => routeId === '/shell' && status === 'success'),
  })
  const Place = isInShell ? 'div' : 'main'
  return (
    <Place className={isInShell ? undefined : classes.alone}>
      <VisuallyHidden component="h1">{t('ui.failed')}</VisuallyHidden>
      <Failure failure={error} onRetry={() => void router.invalidate()} />
    </Place>
  )
}
