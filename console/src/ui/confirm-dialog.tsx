import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from './failure.tsx'

interface ConfirmDialogProps {
  readonly opened: boolean
  readonly title: string
  /** What will happen, and to what, by name. */
  readonly children: ReactNode
  /** The verb of what will happen; never "OK". */
  readonly verb: string
  readonly pending: boolean
  readonly failure?: unknown
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Asks before something that can't be undone. The focus begins at the way out. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ 'aria-label': t('ui.cancel') }}
      centered
    >
      <Stack>
        <Text component="div" size="sm">
          {props.children}
        </Text>
        {props.failure ? <Failure failure={props.failure} /> : null}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={props.onClose} data-autofocus>
            {t('ui.cancel')}
          </Button>
          <Button color="red" loading={props.pending} onClick={props.onConfirm}>
            {props.verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
