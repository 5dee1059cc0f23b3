import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../../ui/failure.tsx'
import { useOnce } from '../../../ui/use-once.ts'
import { type KeyRecord, refreshKeys, rotateKey } from '../keys.ts'
import { nameOf } from '../name-of.ts'
import { NewValue } from '../new-value.tsx'

interface RotateDialogProps {
  readonly record: KeyRecord
  readonly opened: boolean
  readonly onClose: () => void
}

/** Seconds for which the former value works on. */
const GRACES = { now: 0, hour: 3600, day: 86_400, week: 7 * 86_400 } as const
type Grace = keyof typeof GRACES

/** A new value for the same key. It is shown here, once. */
export function RotateDialog({ record, opened, onClose }: RotateDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('keys.rotate')}
      closeButtonProps={{ 'aria-label': t('ui.cancel') }}
      centered
    >
      <Rotation record={record} onClose={onClose} />
    </Modal>
  )
}

function Rotation({ record, onClose }: Omit<RotateDialogProps, 'opened'>) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [grace, setGrace] = useState<Grace>('hour')
  const once = useOnce()
  const rotating = useMutation({
    mutationFn: () => once((attempt) => rotateKey(record.id, GRACES[grace], attempt)),
    onSuccess: () => refreshKeys(queryClient),
  })
  if (rotating.isSuccess) {
    return (
      <Stack>
        <NewValue record={rotating.data} />
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {t('keys.done')}
          </Button>
        </Group>
      </Stack>
    )
  }
  return (
    <Stack>
      <Text size="sm">{t('keys.rotate_says', { name: nameOf(record, t) })}</Text>
      <Select
        label={t('keys.grace')}
        data={Object.keys(GRACES).map((value) => ({
          value,
          label: t(`keys.grace_of.${value as Grace}`),
        }))}
        value={grace}
        allowDeselect={false}
        onChange={(value) => setGrace((value ?? 'hour') as Grace)}
        comboboxProps={{ withinPortal: true }}
      />
      {rotating.isError ? <Failure failure={rotating.error} /> : null}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose}>
          {t('ui.cancel')}
        </Button>
        <Button loading={rotating.isPending} onClick={() => rotating.mutate()}>
          {t('keys.rotate')}
        </Button>
      </Group>
    </Stack>
  )
}
