import { Modal, SegmentedControl, Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CodeBlock } from '../../ui/code-block.tsx'
import type { Call } from './chat.ts'
import { type CodeLanguage, codeOf, LANGUAGES } from './code-of.ts'

interface CodeDialogProps {
  readonly call: Call
  readonly onClose: () => void
}

/** The conversation as a program would have it. */
export function CodeDialog({ call, onClose }: CodeDialogProps) {
  const { t } = useTranslation()
  const [language, setLanguage] = useState<CodeLanguage>('curl')
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('playground.as_code')}
      size="xl"
      closeButtonProps={{ 'aria-label': t('playground.close') }}
      centered
    >
      <Stack gap="md">
        <SegmentedControl
          aria-label={t('playground.language')}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          value={language}
          onChange={(value) => setLanguage(value as CodeLanguage)}
        />
        <CodeBlock
          label={LANGUAGES[language]}
          code={codeOf(language, call, window.location.origin)}
        />
      </Stack>
    </Modal>
  )
}
