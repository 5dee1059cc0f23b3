import i18next from 'i18next'
import { useSyncExternalStore } from 'react'
import { localeOf } from '../i18n/languages.ts'
import { onPreference, preferences } from './preferences.ts'

function onLanguage(listener: () => void): () => void {
  i18next.on('languageChanged', listener)
  return () => i18next.off('languageChanged', listener)
}

/**
 * The locale in which this reader reads numbers and times. Whoever asks is drawn again when the time zone changes, too.
 * Not by `useTranslation`, which a table of hundreds feels.
 */
export function useLocale(): string {
  const language = useSyncExternalStore(onLanguage, () => i18next.language)
  const { region } = usePreferences()
  return region === undefined ? localeOf(language) : `${language}-${region}`
}

export const usePreferences = () => useSyncExternalStore(onPreference, preferences)
