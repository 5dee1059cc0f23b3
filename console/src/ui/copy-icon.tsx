import { ActionIcon } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

/** Copies a text that stands beside it, where a button with a word would be too loud. */
export function CopyIcon({ text }: { readonly text: string }) {
  const { t } = useTranslation()
  const { copied, copy } = useClipboard()
  const Icon = copied ? IconCheck : IconCopy
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      aria-label={copied ? t('ui.copied') : t('ui.copy_text', { text })}
      onClick={() => copy(text)}
    >
      <Icon size={14} aria-hidden="true" />
    </ActionIcon>
  )
}
