import { useBlocker } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from './confirm-dialog.tsx'

/**
 * Asks before what was typed is lost: by a link, by going back, and, in the browser's own words, by closing or loading the
 * page. `when`: there is something to lose.
 */
export function UnsavedGuard({ when }: { readonly when: boolean }) {
  const { t } = useTranslation()
  const { status, proceed, reset } = useBlocker({
    // Another part of the same screen's address takes nothing away.
    shouldBlockFn: ({ current, next }) => when && current.pathname !== next.pathname,
    enableBeforeUnload: when,
    withResolver: true,
  })
  return (
    <ConfirmDialog
      opened={status === 'blocked'}
      title={t('ui.unsaved')}
      verb={t('ui.unsaved_leave')}
      pending={false}
      onConfirm={() => proceed?.()}
      onClose={() => reset?.()}
    >
      {t('ui.unsaved_hint')}
    </ConfirmDialog>
  )
}
