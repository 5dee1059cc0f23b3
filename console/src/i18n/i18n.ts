import i18next, { type ParseKeys } from 'i18next'
import { initReactI18next } from 'react-i18next'
import type en from '../languages/en.json'
import { keepChoice, type Language, onChoiceElsewhere, preferredLanguage } from './languages.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    // Makes a key that is in no file an error of compilation.
    resources: { translation: typeof en }
  }
}

/** A key of the language files. */
export type TextKey = ParseKeys

const files = import.meta.glob<{ default: object }>('../languages/*.json')

/** Loads the reader's language, and no other: each file has every text, which a test holds. */
export async function startI18n(): Promise<void> {
  const language = preferredLanguage()
  i18next.on('languageChanged', (now) => {
    document.documentElement.lang = now
  })
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await load(language) } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  })
  onChoiceElsewhere((elsewhere) => void show(elsewhere))
}

/** Changes the language, now and for later visits. */
export async function chooseLanguage(language: Language): Promise<void> {
  keepChoice(language)
  await show(language)
}

async function show(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await load(language))
  }
  await i18next.changeLanguage(language)
}

async function load(language: Language): Promise<object> {
  const file = await files[`../languages/${language}.json`]?.()
  return file?.default ?? {}
}
