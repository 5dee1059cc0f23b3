import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { localeOf } from '../i18n/languages.ts'
import { onPreference, preferences } from './preferences.ts'

/** The locale in which this reader reads numbers and times. Whoever asks is drawn again when the time zone changes, too. */
export function useLocale(): string {
  const { i18n } = useTranslation()
  const { region } = usePreferences()
  return region === undefined ? localeOf(i18n.language) : `${i18n.language}-${region}`
}

export const usePreferences = () => useSyncExternalStore(onPreference, preferences)
