import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

interface SearchFieldProps {
  readonly label: string
  /** Where it begins; afterwards the reader's typing counts. */
  readonly words: string
  readonly onSearch: (words: string) => void
}

/** What keys that are struck as one, or repeated, need; whoever types sees what each letter leaves. */
const PAUSE_MS = 30

/** Searches while the reader types. */
export function SearchField({ label, words, onSearch }: SearchFieldProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(words)
  const search = useDebouncedCallback(onSearch, PAUSE_MS)
  const change = (next: string) => {
    setTyped(next)
    search(next)
  }
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      value={typed}
      onChange={(event) => change(event.currentTarget.value)}
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      rightSection={
        typed === '' ? null : (
          <CloseButton size="sm" aria-label={t('ui.clear_search')} onClick={() => change('')} />
        )
      }
    />
  )
}
