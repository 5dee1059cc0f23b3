import { Button, Group, Modal, Stack } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from './failure.tsx'
import { useSecondsLeft } from './use-seconds-left.ts'

interface FormDialogProps {
  readonly opened: boolean
  readonly title: string
  /** Fields. The first one with `data-autofocus` takes the focus. */
  readonly children: ReactNode
  /** The verb of what will happen. */
  readonly verb: string
  readonly color?: 'red'
  readonly pending: boolean
  readonly failure?: unknown
  readonly onSubmit: (event: FormEvent<HTMLFormElement>) => void
  readonly onClose: () => void
}

/** A form over the screen. What was refused stands above its buttons. */
export function FormDialog({ opened, title, children, onClose, ...form }: FormDialogProps) {
  const { t } = useTranslation()
  const left = useSecondsLeft(form.failure)
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      closeButtonProps={{ 'aria-label': t('ui.cancel') }}
      centered
    >
      <form noValidate onSubmit={form.onSubmit}>
        <Stack>
          {children}
          {form.failure ? <Failure failure={form.failure} /> : null}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t('ui.cancel')}
            </Button>
            <Button
              type="submit"
              loading={form.pending}
              disabled={left > 0}
              {...(form.color === undefined ? {} : { color: form.color })}
            >
              {form.verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
