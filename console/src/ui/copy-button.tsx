import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

interface CopyButtonProps {
  readonly text: string
  /** What is copied, where "Copy" does not say it. */
  readonly label?: string
}

/** Copies a text, and says so, also to screen readers. */
export function CopyButton({ text, label }: CopyButtonProps) {
  const { t } = useTranslation()
  const { copied, copy } = useClipboard()
  const Icon = copied ? IconCheck : IconCopy
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<Icon size={14} aria-hidden="true" />}
      onClick={() => copy(text)}
    >
      <span aria-live="polite">{copied ? t('ui.copied') : (label ?? t('ui.copy'))}</span>
    </Button>
  )
}
