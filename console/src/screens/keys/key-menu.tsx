import { ActionIcon, Menu } from '@mantine/core'
import { IconDots, IconPencil } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { DeleteItem, type KeyItemProps, SwitchItem } from './key-menu-items.tsx'
import { nameOf } from './name-of.ts'

/** What can be done with one key of the list. */
export function KeyMenu({ record, actions }: KeyItemProps) {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={t('keys.actions_of', { name: nameOf(record, t) })}
        >
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconPencil size={16} />}
          renderRoot={(props) => (
            <Link to="/keys/$keyId/edit" params={{ keyId: record.id }} {...props} />
          )}
        >
          {t('keys.edit')}
        </Menu.Item>
        <SwitchItem record={record} actions={actions} />
        <Menu.Divider />
        <DeleteItem record={record} actions={actions} />
      </Menu.Dropdown>
    </Menu>
  )
}
