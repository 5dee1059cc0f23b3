import { ActionIcon, type ActionIconProps, type ElementProps, Menu } from '@mantine/core'
import { IconDots, IconPencil } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { DeleteItem, type KeyItemProps, SwitchItem } from './key-menu-items.tsx'
import { nameOf } from './name-of.ts'

/**
 * What can be done with one key of the list. A row has only the button: of the menus of all rows, which are dear, one
 * is there, once somebody asks for it.
 */
export function KeyMenu({ record, actions }: KeyItemProps) {
  const [isAsked, setAsked] = useState(false)
  return isAsked ? (
    <OpenedMenu record={record} actions={actions} />
  ) : (
    <MenuButton
      record={record}
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={() => setAsked(true)}
    />
  )
}

/** Opens by itself. Its button takes the focus over from the one that it stands for, and has it back afterwards. */
function OpenedMenu({ record, actions }: KeyItemProps) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(false)
  useEffect(() => setOpened(true), [])
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" withinPortal>
      <Menu.Target>
        <MenuButton record={record} autoFocus />
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

interface MenuButtonProps
  extends ActionIconProps,
    ElementProps<'button', keyof ActionIconProps>,
    Pick<KeyItemProps, 'record'> {}

function MenuButton({ record, ...props }: MenuButtonProps) {
  const { t } = useTranslation()
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={36}
      aria-label={t('keys.actions_of', { name: nameOf(record, t) })}
      {...props}
    >
      <IconDots size={18} />
    </ActionIcon>
  )
}
