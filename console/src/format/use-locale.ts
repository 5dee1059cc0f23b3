import { useTranslation } from 'react-i18next'
import { localeOf } from '../i18n/languages.ts'

/** The locale in which this reader reads numbers and times. */
export function useLocale(): string {
  const { i18n } = useTranslation()
  return localeOf(i18n.language)
}
