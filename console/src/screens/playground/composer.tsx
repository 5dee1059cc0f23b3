import { Button, Group, Textarea } from '@mantine/core'
import { IconPlayerStop, IconSend } from '@tabler/icons-react'
import { type FormEvent, type KeyboardEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './playground-screen.module.css'

interface ComposerProps {
  readonly isRunning: boolean
  /** Whom the message is for; '' while there is none. */
  readonly model: string
  readonly onSend: (text: string) => void
  readonly onStop: () => void
  /** What else can be done with the conversation. */
  readonly children: ReactNode
}

/** Enter sends, with Shift it begins a line. */
export function Composer({ isRunning, model, onSend, onStop, children }: ComposerProps) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  function send() {
    if (text.trim() === '' || isRunning || model === '') return
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
        placeholder={model === '' ? '' : t('playground.message_to', { model })}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        rows={3}
      />
      <Group gap="sm">
        <div className={classes.actions}>{children}</div>
        {isRunning ? (
          <Button
            variant="default"
            className={classes.send}
            leftSection={<IconPlayerStop size={16} aria-hidden="true" />}
            onClick={onStop}
          >
            {t('playground.stop')}
          </Button>
        ) : (
          <Button
            type="submit"
            className={classes.send}
            disabled={text.trim() === '' || model === ''}
            leftSection={<IconSend size={16} aria-hidden="true" />}
          >
            {t('playground.send')}
          </Button>
        )}
      </Group>
    </form>
  )
}
