import { ActionIcon, Menu } from '@mantine/core'
import {
  IconDots,
  IconPencil,
  IconPlayerPlay,
  IconPlayerStop,
  IconTrash,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { DISABLED, type KeyRecord } from './keys.ts'
import { nameOf } from './name-of.ts'

/** What can be done with keys, for whoever shows them. */
export interface KeyActions {
  readonly onEnable: (keys: readonly KeyRecord[]) => void
  readonly onDisable: (keys: readonly KeyRecord[]) => void
  readonly onDelete: (keys: readonly KeyRecord[]) => void
}

/** What can be done with one key of the list. */
export function KeyMenu({
  record,
  actions,
}: {
  readonly record: KeyRecord
  readonly actions: KeyActions
}) {
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
        {record.status === DISABLED ? (
          <Menu.Item
            leftSection={<IconPlayerPlay size={16} />}
            onClick={() => actions.onEnable([record])}
          >
            {t('keys.enable')}
          </Menu.Item>
        ) : (
          <Menu.Item
            leftSection={<IconPlayerStop size={16} />}
            onClick={() => actions.onDisable([record])}
          >
            {t('keys.disable')}
          </Menu.Item>
        )}
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
