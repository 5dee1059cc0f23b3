import { ActionIcon, Button, Menu } from '@mantine/core'
import {
  IconDots,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '../../../ui/link-button.tsx'
import type { KeyActions } from '../key-menu.tsx'
import { DISABLED, type KeyRecord } from '../keys.ts'
import { QuotaDialog } from './quota-dialog.tsx'
import { RotateDialog } from './rotate-dialog.tsx'

interface KeyButtonsProps {
  readonly record: KeyRecord
  readonly actions: KeyActions
}

/** What can be done with the key; editing is what most come for. */
export function KeyButtons({ record, actions }: KeyButtonsProps) {
  const { t } = useTranslation()
  const [dialog, setDialog] = useState<'quota' | 'rotate' | undefined>()
  const close = () => setDialog(undefined)
  return (
    <>
      <LinkButton to="/keys/$keyId/edit" params={{ keyId: record.id }}>
        {t('keys.edit')}
      </LinkButton>
      {record.unlimited_quota ? null : (
        <Button variant="default" onClick={() => setDialog('quota')}>
          {t('keys.add_quota')}
        </Button>
      )}
      <FurtherMenu record={record} actions={actions} onRotate={() => setDialog('rotate')} />
      <QuotaDialog record={record} opened={dialog === 'quota'} onClose={close} />
      <RotateDialog record={record} opened={dialog === 'rotate'} onClose={close} />
    </>
  )
}

interface FurtherMenuProps extends KeyButtonsProps {
  readonly onRotate: () => void
}

function FurtherMenu({ record, actions, onRotate }: FurtherMenuProps) {
  const { t } = useTranslation()
  const isOff = record.status === DISABLED
  const Icon = isOff ? IconPlayerPlay : IconPlayerStop
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size={36} aria-label={t('keys.actions')}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<Icon size={16} />}
          onClick={() => (isOff ? actions.onEnable : actions.onDisable)([record])}
        >
          {t(isOff ? 'keys.enable' : 'keys.disable')}
        </Menu.Item>
        <Menu.Item leftSection={<IconRefresh size={16} />} onClick={onRotate}>
          {t('keys.rotate')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          color="red"
          leftSection={<IconTrash size={16} />}
          onClick={() => actions.onDelete([record])}
        >
          {t('keys.delete')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
