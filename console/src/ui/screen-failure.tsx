import { VisuallyHidden } from '@mantine/core'
import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from './failure.tsx'

/** In place of a screen that could not be shown. */
export function ScreenFailure({ error }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  const { reset } = useQueryErrorResetBoundary()
  useEffect(reset, [reset])
  return (
    <main style={{ maxWidth: 640, margin: '0 auto', padding: 24 }}>
      <VisuallyHidden component="h1">{t('ui.failed')}</VisuallyHidden>
      <Failure failure={error} onRetry={() => void router.invalidate()} />
    </main>
  )
}
