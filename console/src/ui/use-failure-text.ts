import { useTranslation } from 'react-i18next'
import { ApiFailure } from '../api/failure.ts'
import type { TextKey } from '../i18n/i18n.ts'

/**
 * Says a failure in the reader's language where `errors` in the language file has its code, which it has for every code of
 * docs/errors.md; else, as of what a provider refused, in the words that came. Some texts quote those words (`says`).
 */
export function useFailureText(): (failure: unknown) => string {
  const { t, i18n } = useTranslation()
  return (failure) => {
    if (!(failure instanceof ApiFailure)) return t('errors.internal')
    const key = `errors.${failure.code}`
    const says = failure.message === '' ? t('errors.internal') : ended(failure.message)
    return i18n.exists(key) ? t(key as TextKey, { says }) : begun(says)
  }
}

const ended = (message: string): string => message + (/[.!?]$/.test(message) ? '' : '.')

/** Messages of the API begin small, as programs print them behind a colon. */
const begun = (message: string): string => message.charAt(0).toUpperCase() + message.slice(1)
