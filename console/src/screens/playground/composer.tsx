import { Button, Group, Textarea } from '@mantine/core'
import { IconPlayerStop, IconSend } from '@tabler/icons-react'
import { type FormEvent, type KeyboardEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './playground-screen.module.css'

interface ComposerProps {
  readonly isRunning: boolean
  /** False while there is no model to ask. */
  readonly isReady: boolean
  readonly onSend: (text: string) => void
  readonly onStop: () => void
}

/** Enter sends, with Shift it begins a line. */
export function Composer({ isRunning, isReady, onSend, onStop }: ComposerProps) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  function send() {
    if (text.trim() === '' || isRunning || !isReady) return
    onSend(text.trim())
    setText('')
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    send()
  }
  function press(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form onSubmit={submit} className={classes.composer}>
      <Textarea
        aria-label={t('playground.message')}
        placeholder={t('playground.message')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        rows={3}
      />
      <Group justify="flex-end" gap="sm">
        {isRunning ? (
          <Button
            variant="default"
            leftSection={<IconPlayerStop size={16} aria-hidden="true" />}
            onClick={onStop}
          >
            {t('playground.stop')}
          </Button>
        ) : (
          <Button
            type="submit"
            disabled={text.trim() === '' || !isReady}
            leftSection={<IconSend size={16} aria-hidden="true" />}
          >
            {t('playground.send')}
          </Button>
        )}
      </Group>
    </form>
  )
}
