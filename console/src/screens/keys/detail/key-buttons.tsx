import { ActionIcon, Button, Menu } from '@mantine/core'
import { IconDots, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '../../../ui/link-button.tsx'
import { DeleteItem, type KeyItemProps, SwitchItem } from '../key-menu-items.tsx'
import { QuotaDialog } from './quota-dialog.tsx'
import { RotateDialog } from './rotate-dialog.tsx'

/** What can be done with the key; editing is what most come for. */
export function KeyButtons({ record, actions }: KeyItemProps) {
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

interface FurtherMenuProps extends KeyItemProps {
  readonly onRotate: () => void
}

function FurtherMenu({ record, actions, onRotate }: FurtherMenuProps) {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size={36} aria-label={t('keys.actions')}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <SwitchItem record={record} actions={actions} />
        <Menu.Item leftSection={<IconRefresh size={16} />} onClick={onRotate}>
          {t('keys.rotate')}
        </Menu.Item>
        <Menu.Divider />
        <DeleteItem record={record} actions={actions} />
      </Menu.Dropdown>
    </Menu>
  )
}
