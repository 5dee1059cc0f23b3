import { notifications } from '@mantine/notifications'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '../../ui/use-failure-text.ts'

/** Long enough to be read, also by whoever looks elsewhere. */
const TOLD_MS = 8000

/** Tells of failures where no form or screen is left to say them; `about` names what failed. */
export function useTellFailure(): (failure: unknown, about?: string) => void {
  const { t } = useTranslation()
  const failureText = useFailureText()
  return useCallback(
    (failure, about) => {
      const says = failureText(failure)
      notifications.show({
        color: 'red',
        message: about === undefined ? says : `${about}: ${says}`,
        autoClose: TOLD_MS,
        closeButtonProps: { 'aria-label': t('keys.done') },
      })
    },
    [failureText, t],
  )
}
