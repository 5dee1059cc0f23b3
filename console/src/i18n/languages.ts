/** Every language of the console, by its own name. Another one is a file in ../languages/ and a line here. */
export const LANGUAGES = { en: 'English', nl: 'Nederlands' } as const

export type Language = keyof typeof LANGUAGES

const STORED = 'turnpike.language'

export const isLanguage = (word: string | null | undefined): word is Language =>
  word !== null && word !== undefined && Object.hasOwn(LANGUAGES, word)

/** What the reader chose here, else the first of the browser's languages that there is. */
export function preferredLanguage(): Language {
  const chosen = readChoice()
  if (chosen !== undefined) return chosen
  return navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en'
}

/** The reader's own locale where it is one of the language: `en-GB` writes dates otherwise than `en-US`. */
export const localeOf = (language: string): string =>
  navigator.languages.find((tag) => tag.split('-')[0] === language && isTag(tag)) ?? language

/** Where a machine has no locale, Chromium says `en-US@posix`, with which nothing can be written. */
function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

function readChoice(): Language | undefined {
  try {
    const chosen = localStorage.getItem(STORED)
    return isLanguage(chosen) ? chosen : undefined
  } catch {
    // Storage is switched off.
    return undefined
  }
}

export function keepChoice(language: Language): void {
  try {
    localStorage.setItem(STORED, language)
  } catch {
    // The choice lasts until the page is closed.
  }
}

/** Calls back when another tab chose a language. */
export function onChoiceElsewhere(listener: (language: Language) => void): void {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === STORED && isLanguage(newValue)) listener(newValue)
  })
}
