import { Skeleton, Stack, VisuallyHidden } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** The shape of a screen whose code is on its way. */
export function ScreenSkeleton() {
  const { t } = useTranslation()
  return (
    <Stack gap="lg" aria-busy="true" aria-label={t('ui.loading')} role="status">
      <VisuallyHidden component="h1">{t('ui.loading')}</VisuallyHidden>
      <Skeleton height={32} width={200} />
      <Skeleton height={36} width={320} maw="100%" />
      <Skeleton height={320} />
    </Stack>
  )
}
